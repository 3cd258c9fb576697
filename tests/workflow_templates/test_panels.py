"""What other apps add to a template's page."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.html import format_html

from apps.accounts.models import User
from apps.workflow_templates import panels
from apps.workflow_templates.models import Template

TEMPLATE = Template(name="Onboarding")


@pytest.fixture(autouse=True)
def _empty_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_panels", [])
    monkeypatch.setattr(panels, "_gates", [])


def test_panels_are_in_the_order_of_registration_and_empty_ones_are_left_out(rf: RequestFactory) -> None:
    def first(request: HttpRequest, template: Template) -> str:
        return format_html("<p>{}</p>", template.name)

    def nothing(request: HttpRequest, template: Template) -> str:
        return ""

    def last(request: HttpRequest, template: Template) -> str:
        return format_html("<p>{}</p>", "last")

    for panel in (first, nothing, last, first):
        panels.register_panel(panel)
    assert panels.panels_for(rf.get("/"), TEMPLATE) == ["<p>Onboarding</p>", "<p>last</p>"]


def test_the_first_reason_not_to_launch_is_shown() -> None:
    panels.register_launch_gate(lambda user, template: None)
    assert panels.launch_refusal(User(), TEMPLATE) is None
    panels.register_launch_gate(lambda user, template: "Because.")
    panels.register_launch_gate(lambda user, template: "Also because.")
    assert panels.launch_refusal(User(), TEMPLATE) == "Because."

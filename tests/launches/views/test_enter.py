"""Enter without scripts, and forms that cannot be sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.factories import make_field, make_pneumatic_user, make_template
from tests.fixtures.browser import Browse
from tests.fixtures.launching import Fill


@pytest.mark.browser
def test_enter_in_the_name_launches_without_scripts(
    browse: Browse, operator: User, every_field: Template, only_launch: Callable[[], Launch]
) -> None:
    page = browse(f"/templates/{every_field.pk}/launch/", user=operator, javascript=False)
    page.get_by_label("Subject").fill("Three desks")

    page.get_by_label("Workflow name").press("Enter")

    expect(page).to_have_url(re.compile(r"/launches/[0-9a-f-]{36}/$"))
    assert only_launch().state == "launched"


def test_enter_sends_a_search_until_its_results_are_offered(fill: Fill, every_field: Template) -> None:
    """A typed search is never ignored, and never needed twice."""
    form = fill(every_field, string_1="Three desks")
    searched = form.fill()
    searched.controls["find-user-9"] = ["bo"]

    response = searched.send("enter")

    assert response.status_code == 200
    assert not Launch.objects.exists()
    assert "1 result" in response.content.decode()
    searched.controls["kickoff-user-9"] = ["2"]
    assert searched.send("enter").url == f"/launches/{Launch.objects.get().pk}/"


@pytest.mark.parametrize("reason", ["role", "required field of an unknown type"])
def test_a_form_that_cannot_be_sent_cannot_be_filled(
    reason: str, viewer_client: Client, operator_client: Client, browse_form: Callable[..., Any]
) -> None:
    client, kind = (viewer_client, "string") if reason == "role" else (operator_client, "hologram")
    page = browse_form(client, kind)

    assert re.search(r'<fieldset class="panel__body stack" disabled>', page)
    assert "data-draft" not in page
    assert ("Ask an administrator for the role Operator" in page) == (reason == "role")
    assert "You cannot launch" in page or "cannot be launched from here" in page


@pytest.fixture
def browse_form(db: None) -> Callable[[Client, str], str]:
    """Return a function that opens the form of a template whose only field, a required one, has a type."""
    make_pneumatic_user(1)

    def open_form(client: Client, kind: str) -> str:
        template = make_template(fields=[make_field("what", kind, is_required=True)])
        return client.get(f"/templates/{template.pk}/launch/").content.decode()

    return open_form

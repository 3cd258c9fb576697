"""Answers and names of which nothing can be seen count as empty."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import PneumaticGroup, PneumaticUser
from apps.core.text.visible import is_blank
from apps.workflow_templates.models import Template
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, only_current
from tests.sync.running import sync

INVISIBLE = [
    "\u200b",
    "\u3164",
    "\u2800",
    "\u00ad",
    "\u2060\ufeff",
    "\u115f\u1160",
    "\u202e ",
    "\x01",
    "\ufe0f",
    "\U000e0020",
]


def test_nothing_of_it_can_be_seen() -> None:
    assert all(map(is_blank, [*INVISIBLE, "", " \n", "".join(INVISIBLE)]))
    assert not any(is_blank(f"{text}a") for text in INVISIBLE)
    assert not is_blank("👨\u200d👩")
    assert not is_blank(".")


@only_current
def test_a_name_or_a_required_answer_of_it_is_missing(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    for text in INVISIBLE:
        page = fill(every_field, name=text, string_1=text, text_2=text).send()
        assert page.status_code == 422, repr(text)
        words = page.content.decode()
        assert "Give the workflow a name." in words
        assert "Write an answer: this field is required." in words
    assert sandbox.workflows() == []


@only_current
@pytest.mark.django_db
def test_any_name_from_outside_can_be_clicked(sandbox: Sandbox, operator_client: Client) -> None:
    sandbox.put_template({"id": 1, "name": "\u3164"})
    sandbox.put_user({"id": 2, "first_name": "\u200b", "last_name": "\u00ad"})
    sandbox.put_group({"id": 7, "name": "\u2800", "users": [2]})
    sync()
    assert Template.objects.get(pk=1).name == "Template 1"
    assert PneumaticUser.objects.get(pk=2).name == PneumaticUser.objects.get(pk=2).email
    assert PneumaticGroup.objects.get(pk=7).name == "Group 7"
    assert "Template 1" in operator_client.get("/templates/").content.decode()

"""What a version of a form changed: /templates/<id>/versions/<number>/."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from apps.pneumatic.canonical.schemas import Kickoff
from apps.workflow_templates.models import Template
from tests.factories import make_field, make_template, make_version
from tests.fixtures.people import OPEN_TO_EVERY_ROLE

WHY = make_field("why", description="Old <b>words</b>")


def two_versions() -> Template:
    template = make_template(fields=[WHY])
    make_version(template, kickoff=Kickoff(fields=(replace(WHY, description="New **words**"),)))
    return template


def url_of(template: Template, number: int) -> str:
    return reverse("template-version", args=[template.pk, number])


@pytest.mark.parametrize(("who", "status"), OPEN_TO_EVERY_ROLE.items())
def test_it_opens_to_every_role(request: pytest.FixtureRequest, db: None, who: str, status: int) -> None:
    assert request.getfixturevalue(who).get(url_of(two_versions(), 2)).status_code == status


def test_it_shows_the_change_with_both_texts(viewer_client: Client) -> None:
    html = viewer_client.get(url_of(two_versions(), 2)).content.decode()
    assert "Changes since version 1" in html
    assert "The description of “Why” changed." in html
    assert "Old &lt;b&gt;words&lt;/b&gt;" in html
    assert "New <strong>words</strong>" in html
    assert ">Current</span>" in html


def test_the_first_version_has_nothing_to_compare_with(viewer_client: Client) -> None:
    html = viewer_client.get(url_of(two_versions(), 1)).content.decode()
    assert "There is no earlier version to compare" in html
    assert "Not current" in html


@pytest.mark.parametrize("number", [0, 3, 10**22])
def test_it_does_not_know_other_versions(viewer_client: Client, number: int) -> None:
    assert viewer_client.get(url_of(two_versions(), number)).status_code == 404

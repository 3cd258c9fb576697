"""Templates and versions in Django admin."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.workflow_templates.models import Template, TemplateVersion
from tests.factories import NOW, make_field, make_pneumatic_user, make_template, make_version

pytestmark = pytest.mark.django_db
TEMPLATES = "/admin/workflow_templates/template/"
VERSIONS = "/admin/workflow_templates/templateversion/"


def text(client: Client, path: str, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def test_a_template_is_shown_and_cannot_be_edited(administrator_client: Client) -> None:
    make_pneumatic_user(5, first="Ada", last="Runner")
    make_template(7, name="<b>Bold</b>", run_allowed=[5, 99], raw={"note": "<i>wire</i>"})
    page = text(administrator_client, f"{TEMPLATES}7/change/")
    assert "Ada Runner, User 99" in page
    assert "&lt;i&gt;wire&lt;/i&gt;" in page
    assert "<b>Bold" not in page
    assert 'name="_save"' not in page
    for path in ("add/", "7/change/", "7/delete/"):
        assert administrator_client.post(TEMPLATES + path, {"post": "yes"}).status_code == 403


def test_a_template_links_its_versions(administrator_client: Client) -> None:
    template = make_template(7, fields=[make_field("reason")])
    version = make_version(template, fields=[make_field("cause")])
    assert f"{VERSIONS}{version.pk}/change/" in text(administrator_client, f"{TEMPLATES}7/change/")
    page = text(administrator_client, f"{VERSIONS}{version.pk}/change/")
    assert "cause" in page
    assert 'name="_save"' not in page


def test_templates_are_searched_and_filtered(administrator_client: Client) -> None:
    make_template(1, name="Onboarding of Zoë")
    make_template(2, name="Purchase", removed_at=NOW)
    assert "Onboarding" in text(administrator_client, TEMPLATES, q="ZOË onb")
    assert "Purchase" not in text(administrator_client, TEMPLATES, q="zoë")
    assert "Purchase" not in text(administrator_client, TEMPLATES, gone="no")
    assert "Onboarding" not in text(administrator_client, TEMPLATES, gone="yes")
    assert "Purchase" in text(administrator_client, VERSIONS, q="purch")


def test_the_lists_cost_the_same_with_many(
    administrator_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(120):
        make_template(name=f"Template {number}")
    assert Template.objects.count() == TemplateVersion.objects.count() == 120
    with django_assert_max_num_queries(6):
        text(administrator_client, TEMPLATES)
    with django_assert_max_num_queries(6):
        text(administrator_client, VERSIONS)

"""The search over everything: /search/."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from tests.factories import (
    NOW,
    client_of,
    make_launch,
    make_pneumatic_user,
    make_template,
    make_use,
    make_user,
)
from tests.fixtures.people import OPEN_TO_EVERY_ROLE

URL = reverse("search")
HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(("who", "status"), OPEN_TO_EVERY_ROLE.items())
def test_it_opens_to_every_role(request: pytest.FixtureRequest, db: None, who: str, status: int) -> None:
    assert request.getfixturevalue(who).get(URL).status_code == status


def test_it_only_reads(viewer_client: Client) -> None:
    assert viewer_client.post(URL).status_code == 405


def html_of(client: Client, query: str) -> str:
    return client.get(URL, {"q": query}).content.decode()


def test_it_finds_templates_people_and_launches(operator: User, operator_client: Client) -> None:
    template = make_template(name="Offboarding")
    make_template(name="Nothing in common")
    make_pneumatic_user(5, first="Wanda", last="Offline", status="invited")
    make_launch(template, operator, name="Off she goes")
    html = html_of(operator_client, "off")
    assert "Offboarding" in html
    assert "Off she goes" in html
    assert "Wanda Offline" in html
    assert "invited" in html
    assert "Nothing in common" not in html


def test_it_finds_those_who_were_deactivated_and_says_so(operator_client: Client) -> None:
    make_pneumatic_user(5, first="Wanda", last="Offline", status="inactive")
    html = html_of(operator_client, "wanda")
    assert "Wanda Offline" in html
    assert "deactivated" in html


def test_it_finds_a_launch_by_the_id_of_its_workflow(operator: User, operator_client: Client) -> None:
    make_launch(make_template(), operator, name="The one", workflow_id=424242)
    assert "The one" in html_of(operator_client, "424242")


def test_what_i_launch_comes_first(operator: User, operator_client: Client) -> None:
    make_template(name="Template A")
    make_use(operator, make_template(name="Template B"))
    found = operator_client.get(URL, {"q": "template"}).context["found"]
    assert [template.name for template in found.templates.items] == ["Template B", "Template A"]


def test_it_leads_to_all_where_there_is_no_room(operator: User, operator_client: Client) -> None:
    template = make_template()
    for number in range(9):
        make_template(name=f"Same & {number}")
        make_launch(template, operator, name=f"Same & {number}")
        make_pneumatic_user(number + 1, first="Same &")
    html = html_of(operator_client, "same &")
    assert 'href="/templates/?q=same%20%26"' in html
    assert 'href="/launches/?q=same%20%26"' in html
    assert "More results exist. Add a word to filter." in html


def test_it_leaves_out_what_the_user_may_not_see(operator: User) -> None:
    user = make_user("catalogue")
    user.user_permissions.add(Permission.objects.get(codename="view_template"))
    make_launch(make_template(name="Secretive"), operator, name="Secret launch")
    make_pneumatic_user(5, first="Secret", last="Agent")
    html = html_of(client_of(user), "secret")
    assert "Secretive" in html
    assert "Secret launch" not in html
    assert "Secret Agent" not in html


def test_it_needs_words(viewer_client: Client) -> None:
    make_template(name="Onboarding")
    html = html_of(viewer_client, "   ")
    assert "Search everything" in html
    assert "Onboarding" not in html


def test_it_says_how_to_find_more(viewer_client: Client) -> None:
    make_template(name="Onboarding", removed_at=NOW)
    html = html_of(viewer_client, 'onboard"<b>')
    assert "No results for “" in html
    assert 'href="/templates/?state=removed&amp;q=onboard%22%3Cb%3E"' in html
    assert 'value="onboard&quot;&lt;b&gt;"' in html


@pytest.mark.parametrize("query", ["x" * 5000, "nul\0byte", "%", "_", "\\", "'", "99999999999999999999", "٣"])
def test_it_survives_strange_words(viewer_client: Client, query: str) -> None:
    make_template()
    assert viewer_client.get(URL, {"q": query}).status_code == 200


def test_it_answers_htmx_with_the_hits_only(viewer_client: Client) -> None:
    make_template(name="Onboarding")
    page = viewer_client.get(URL, {"q": "onboard"})
    fragment = viewer_client.get(URL, {"q": "onboard"}, headers=HTMX)
    assert b"<html" in page.content
    assert b"<html" not in fragment.content
    assert b"Onboarding" in fragment.content
    assert b"1 result" in fragment.content
    for response in (page, fragment):
        assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("count", [2, 30])
def test_it_costs_the_same_number_of_queries_however_much_is_found(
    operator: User, operator_client: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        template = make_template(name=f"Same {number}")
        make_launch(template, operator, name=f"Same {number}")
        make_pneumatic_user(number + 1, first="Same")
    make_use(operator, template)
    # The session, the user, their two kinds of permissions and their roles; who they are in Pneumatic and
    # templates, once each for favourites and others; people in two steps, workflows, launches; how fresh the
    # resources are.
    with django_assert_num_queries(15):
        operator_client.get(URL, {"q": "same"})

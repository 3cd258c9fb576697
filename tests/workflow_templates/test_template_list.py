"""The catalogue: /templates/."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from tests.factories import NOW, make_field, make_pneumatic_user, make_template, make_use
from tests.fixtures.people import OPEN_TO_EVERY_ROLE

URL = reverse("template-list")
HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(("who", "status"), OPEN_TO_EVERY_ROLE.items())
def test_it_opens_to_every_role(request: pytest.FixtureRequest, db: None, who: str, status: int) -> None:
    assert request.getfixturevalue(who).get(URL).status_code == status


def test_it_only_reads(viewer_client: Client) -> None:
    assert viewer_client.post(URL).status_code == 405


def listed(client: Client, query: str = "", **headers: str) -> list[str]:
    """Return the names of the templates that a page of the list shows, in order."""
    html = client.get(URL + query, headers=headers).content.decode()
    return [unescape(name) for name in re.findall(r'href="/templates/\d+/"><bdi>(.*?)</bdi>', html)]


# -- What it shows


def test_it_shows_active_ones_first_most_launched_by_me_first_then_by_name(
    operator: User, operator_client: Client
) -> None:
    make_template(name="Inactive", is_active=False)
    make_template(name="Zebra")
    make_template(name="Apple")
    make_use(operator, make_template(name="Often"), 5)
    make_use(operator, make_template(name="Seldom"), 1)
    assert listed(operator_client) == ["Often", "Seldom", "Apple", "Zebra", "Inactive"]


def test_it_pages_through_everything_once(operator: User, operator_client: Client) -> None:
    everything = {make_template(name=f"Template {number:03}").name for number in range(120)}
    make_use(operator, make_template(name="Mine"), 3)
    seen, url = [], URL
    for _page in range(3):
        response = operator_client.get(url)
        seen += [template.name for template in response.context["rows"]]
        url = response.context["page"].next_url
    assert not url
    assert seen[0] == "Mine"
    assert len(seen) == 121
    assert set(seen) == everything | {"Mine"}


def test_it_goes_back_to_the_first_page_with_favourites(operator: User, operator_client: Client) -> None:
    for number in range(60):
        make_template(name=f"Template {number:03}")
    make_use(operator, make_template(name="Mine"), 3)
    first = operator_client.get(URL)
    second = operator_client.get(first.context["page"].next_url)
    back = operator_client.get(second.context["page"].previous_url)
    assert [row.name for row in back.context["rows"]] == [row.name for row in first.context["rows"]]


def test_it_filters_by_what_the_address_says(viewer_client: Client) -> None:
    make_template(name="With files", fields=[make_field("cv", "file")])
    make_template(name="Without")
    make_template(name="Old", is_active=False)
    make_template(name="Gone", removed_at=NOW)
    assert listed(viewer_client, "?asks_for=file") == ["With files"]
    assert listed(viewer_client, "?state=inactive") == ["Old"]
    assert listed(viewer_client, "?state=removed") == ["Gone"]
    assert listed(viewer_client, "?q=with+file") == ["With files"]


@pytest.mark.parametrize(
    "query",
    [
        "?state=nonsense&asks_for=nonsense&mine=perhaps",
        "?q=" + "x" * 5000,
        "?q=%00",
        "?q=%ff",
        "?after=nonsense",
        "?after=[]&before={}",
        "?after=%5B%22%5Cu0000%22%2C1%5D",
    ],
)
def test_it_makes_the_best_of_a_strange_address(viewer_client: Client, query: str) -> None:
    make_template(name="Here")
    assert viewer_client.get(URL + query).status_code == 200


def test_it_offers_what_i_may_launch_to_those_who_launch(
    operator: User, operator_client: Client, viewer_client: Client
) -> None:
    make_pneumatic_user(7, email=operator.email)
    make_template(name="Mine", run_allowed=[7])
    make_template(name="Theirs", run_allowed=[8])
    assert listed(operator_client, "?mine=on") == ["Mine"]
    assert listed(viewer_client, "?mine=on") == ["Mine", "Theirs"]
    assert b'name="mine"' not in viewer_client.get(URL).content


def test_it_has_a_launch_button_only_where_one_may_launch(
    operator: User, operator_client: Client, viewer_client: Client
) -> None:
    make_pneumatic_user(7, email=operator.email)
    mine = make_template(run_allowed=[7])
    make_template(run_allowed=[8])
    make_template(run_allowed=[7], is_active=False)
    launches = re.findall(r"/templates/(\d+)/launch/", operator_client.get(URL).content.decode())
    assert launches == [str(mine.pk)]
    assert b"/launch/" not in viewer_client.get(URL).content


def test_it_shows_hostile_text_as_text(viewer_client: Client) -> None:
    make_template(name='<script>alert(1)</script>"', description="<img src=x onerror=alert(2)> " + "y" * 5000)
    html = viewer_client.get(URL).content.decode()
    assert "&lt;script&gt;alert(1)" in html
    assert "<img src=x" not in html
    assert "y" * 300 not in html


# -- Page and fragment


def test_it_answers_htmx_with_the_results_only(viewer_client: Client) -> None:
    make_template(name="Here")
    page = viewer_client.get(URL)
    fragment = viewer_client.get(URL, headers=HTMX)
    assert b"<html" in page.content
    assert b"<html" not in fragment.content
    assert b"Here" in fragment.content
    assert b"1 template found." in fragment.content
    for response in (page, fragment):
        assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_it_answers_with_a_page_where_htmx_replaces_the_page(viewer_client: Client, header: str) -> None:
    assert b"<html" in viewer_client.get(URL, headers={**HTMX, header: "true"}).content


def test_it_pushes_an_address_without_empty_controls(viewer_client: Client) -> None:
    response = viewer_client.get(URL + "?q=on+board&state=&asks_for=file", headers=HTMX)
    assert response["HX-Push-Url"] == "/templates/?q=on+board&asks_for=file"
    assert viewer_client.get(URL + "?q=&state=", headers=HTMX)["HX-Push-Url"] == "/templates/"


def test_it_keeps_what_was_chosen(operator_client: Client) -> None:
    html = operator_client.get(URL + '?q="><b>&state=inactive&mine=on').content.decode()
    assert 'value="&quot;&gt;&lt;b&gt;"' in html
    assert re.search(r'<option value="inactive" selected>', html)
    assert re.search(r'name="mine"[^>]* checked', html)


# -- Empty


def test_it_says_how_to_bring_the_first_templates(operator_client: Client, viewer_client: Client) -> None:
    html = operator_client.get(URL).content.decode()
    assert "No templates yet" in html
    assert "manage.py sync" in html
    assert reverse("sync") in html
    assert "Operator or Administrator" in viewer_client.get(URL).content.decode()


def test_it_says_how_to_find_more(operator_client: Client) -> None:
    make_template()
    html = operator_client.get(URL + "?q=nothing&asks_for=file&mine=on").content.decode()
    assert "No matching templates" in html
    for wider in (
        "?asks_for=file&amp;mine=on",
        "?q=nothing&amp;mine=on",
        "?q=nothing&amp;asks_for=file",
        "?q=nothing&amp;asks_for=file&amp;mine=on&amp;state=removed",
    ):
        assert f'href="{wider}"' in html


def test_it_says_so_when_all_templates_were_removed(viewer_client: Client) -> None:
    make_template(removed_at=NOW)
    assert "No current templates" in viewer_client.get(URL).content.decode()


# -- Cost

# The session, the user, their two kinds of permissions and their roles; who they are in Pneumatic, and templates,
# once each for favourites and others; how fresh the two resources are.
QUERIES = 11


@pytest.mark.parametrize("count", [3, 60])
@pytest.mark.parametrize("query", ["", "?q=template&state=active&mine=on&asks_for=string"])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    operator: User,
    operator_client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
    query: str,
) -> None:
    make_pneumatic_user(7, email=operator.email)
    for number in range(count):
        template = make_template(name=f"Template {number}", run_allowed=[7], fields=[make_field("why")])
        make_use(operator, template)
    with django_assert_num_queries(QUERIES):
        operator_client.get(URL + query)

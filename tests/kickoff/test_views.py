"""The searches that scripts ask for."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.kickoff.fields import create
from apps.kickoff.forms import KickoffForm
from apps.kickoff.lookups import Lookups, NoFiles
from apps.pneumatic.canonical.schemas import GroupValue, Kickoff
from tests.factories import NOW, make_field, make_pneumatic_group, make_pneumatic_user, make_template
from tests.kickoff.fakes import numbered

pytestmark = pytest.mark.django_db

PEOPLE = "/people/"
QUERIES = 4  # session, user, the two of the permission check


def hits(client: Client, url: str, **query: str) -> list[str]:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return [hit["label"] for hit in answer.json()["hits"]]


@pytest.fixture
def options_url() -> str:
    fields = [
        make_field("office", "dropdown", selections=numbered(200)),
        make_field("line"),
        make_field("x" * 5000, "dropdown", selections=numbered(30)),
    ]
    return reverse("kickoff-options", args=[make_template(fields=fields).pk])


def test_searches_need_a_login(client: Client, options_url: str) -> None:
    assert client.get(PEOPLE).status_code == 302
    assert client.get(options_url, {"field": "office"}).status_code == 302


def test_searches_need_a_role(no_role_client: Client, options_url: str) -> None:
    assert no_role_client.get(PEOPLE).status_code == 403
    assert no_role_client.get(options_url, {"field": "office"}).status_code == 403


def test_searches_are_only_read(operator_client: Client, options_url: str) -> None:
    assert operator_client.post(PEOPLE).status_code == 405
    assert operator_client.post(options_url).status_code == 405


def test_people_are_found_by_name_and_by_mail_in_any_script(operator_client: Client) -> None:
    make_pneumatic_user(1, first="Ada", last="Lovelace")
    make_pneumatic_user(2, first="Лев", last="Толстой", email="leo@example.org")

    assert hits(operator_client, PEOPLE, q="LOVELACE ada") == ["Ada Lovelace"]
    assert hits(operator_client, PEOPLE, q="лев") == ["Лев Толстой"]
    assert hits(operator_client, PEOPLE, q="leo@example.org") == ["Лев Толстой"]
    assert hits(operator_client, PEOPLE, q="nobody") == []


def test_invited_people_are_marked_and_those_who_left_are_not_found(operator_client: Client) -> None:
    invited = make_pneumatic_user(1, first="Grace", last="Hopper", status="invited")
    make_pneumatic_user(2, first="Grace", last="Gone", removed_at=invited.changed_at)

    assert operator_client.get(PEOPLE, {"q": "grace"}).json() == {
        "hits": [{"value": "1", "label": "Grace Hopper", "note": "person1@example.com", "badge": "invited"}],
        "is_cut": False,
    }


@pytest.mark.parametrize("query", ["\0", "%", "_", "'", '"', "\\", "a" * 5000, "\u202e", "🙂"])
def test_any_text_can_be_searched_for(operator_client: Client, options_url: str, query: str) -> None:
    hits(operator_client, PEOPLE, q=query)
    hits(operator_client, options_url, field="office", q=query)


def test_a_search_gives_twenty_hits_with_a_constant_number_of_queries(
    operator_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 61):
        make_pneumatic_user(number)

    with django_assert_num_queries(QUERIES + 3):  # groups, ids of people, people
        answer = operator_client.get(PEOPLE, {"q": "person"}).json()
    assert len(answer["hits"]) == 20
    assert answer["is_cut"] is True


def test_groups_are_found_and_those_who_cannot_be_given_work_are_not(operator_client: Client) -> None:
    make_pneumatic_user(1, first="Ada", last="Finley")
    make_pneumatic_user(2, first="Ida", last="Finch", status="inactive")
    make_pneumatic_group(1, name="Finance", users=[1, 2])
    make_pneumatic_group(2, name="Finance of old", removed_at=NOW)

    found = operator_client.get(PEOPLE, {"q": "fin"}).json()["hits"]

    assert [(hit["value"], hit["label"], hit["note"]) for hit in found] == [
        ("group:1", "Finance", "group of 2 people"),
        ("1", "Ada Finley", "person1@example.com"),
    ]


def test_a_form_queries_the_mirror_once_for_all_its_groups(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_pneumatic_group(1, name="Finance", users=[1, 2])
    kickoff = Kickoff(fields=tuple(make_field(f"u{number}", "user") for number in range(1, 4)))
    data = {"name": "N", **{f"kickoff-u{number}": "group:1" for number in range(1, 4)}}

    with django_assert_num_queries(1):
        form = KickoffForm(kickoff, data, lookups=Lookups(files=NoFiles()))
        assert form.is_valid()
        assert [answer.value for answer in form.answers()] == [GroupValue(1, "Finance")] * 3
        assert len(form.rows) == 3


def test_options_are_found_with_a_constant_number_of_queries(
    operator_client: Client, options_url: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(QUERIES + 1):
        found = hits(operator_client, options_url, field="office", q="option 19")
    assert found == ["Option 19", *(f"Option {number}" for number in range(190, 200)), "Option 119"][:12]


def test_options_of_a_field_with_a_very_long_name_are_found_by_the_key_of_its_control(
    operator_client: Client, options_url: str
) -> None:
    field = make_field("x" * 5000, "dropdown", selections=numbered(30))
    form = KickoffForm(Kickoff(fields=(field,)), lookups=Lookups(files=NoFiles()), template_id=1)
    [row] = form.rows

    assert len(row.search_url) < 200
    assert hits(operator_client, options_url, field=row.key, q="30") == ["Option 30"]


@pytest.mark.parametrize("field", ["", "line", "nothing"])
def test_a_field_without_options_is_not_found(operator_client: Client, options_url: str, field: str) -> None:
    assert operator_client.get(options_url, {"field": field}).status_code == 404


def test_an_unknown_template_is_not_found(operator_client: Client) -> None:
    assert operator_client.get(reverse("kickoff-options", args=[999]), {"field": "a"}).status_code == 404


def test_a_form_queries_the_mirror_once_for_all_its_people(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(1, 4):
        make_pneumatic_user(number)
    kickoff = Kickoff(fields=tuple(make_field(f"u{number}", "user") for number in range(1, 4)))
    data = {"name": "N", **{f"kickoff-u{number}": str(number) for number in range(1, 4)}}

    with django_assert_num_queries(1):
        form = KickoffForm(kickoff, data, lookups=Lookups(files=NoFiles()))
        assert form.is_valid()
        assert [str(create(answer.field).describe(answer.value)) for answer in form.answers()] == [
            "Ada Person1",
            "Ada Person2",
            "Ada Person3",
        ]
        assert len(form.rows) == 3

"""The Pneumatic user of a dashboard user, and the search for users."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.accounts.searching import MAX_CHARACTERS, search_text
from apps.accounts.selectors import pneumatic_user_for, search_groups, search_people
from apps.core.people import Group, Person, pneumatic_person_of, resolve, resolve_groups
from tests.factories import make_pneumatic_group, make_pneumatic_user

pytestmark = pytest.mark.django_db


def names(query: str, **options: Any) -> list[str]:
    return [person.name for person in search_people(query, **options)]


def test_the_link_to_pneumatic_is_the_email_in_any_case(operator: User) -> None:
    person = make_pneumatic_user(7, email="Operator@Example.COM")
    assert pneumatic_user_for(operator) == person


def test_a_user_who_left_pneumatic_is_no_pneumatic_user(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email, removed_at=timezone.now())
    assert pneumatic_user_for(operator) is None


def test_a_user_without_an_email_is_no_pneumatic_user(operator: User) -> None:
    make_pneumatic_user(7, email="x@example.com")
    operator.email = ""
    assert pneumatic_user_for(operator) is None


def test_an_active_account_wins_over_an_invitation_to_the_same_address(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email, status="invited")
    active = make_pneumatic_user(8, email=operator.email)
    assert pneumatic_user_for(operator) == active


@pytest.mark.parametrize("status", ["active", "invited"])
def test_a_deactivated_user_is_the_last_choice_for_an_address(operator: User, status: str) -> None:
    inactive = make_pneumatic_user(7, email=operator.email, status="inactive")
    assert pneumatic_user_for(operator) == inactive
    other = make_pneumatic_user(8, email=operator.email, status=status)
    assert pneumatic_user_for(operator) == other


def test_the_pneumatic_user_has_the_status_there(operator: User) -> None:
    assert pneumatic_person_of(operator) is None
    make_pneumatic_user(
        7, first="Op", last="Erator", email=operator.email, status="inactive", is_account_owner=True
    )
    assert pneumatic_person_of(operator) == Person(
        7, "Op Erator", operator.email, "inactive", is_account_owner=True
    )


def test_people_are_found_by_any_words_in_any_order() -> None:
    make_pneumatic_user(1, first="Ada", last="Lovelace", email="ada@example.com")
    make_pneumatic_user(2, first="Alan", last="Turing", email="alan@bletchley.example")
    assert names("love ad") == ["Ada Lovelace"]
    assert names("bletchley tur") == ["Alan Turing"]
    assert names("turing ada") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ЖУКОВА", "Анна Жукова"),
        ("山田", "山田 太郎"),
        ("josé", "José Peña"),
        ("jose pena", "José Peña"),
        ("strasse", "Max Straße"),
        ("\N{FULLWIDTH LATIN SMALL LETTER M}ax", "Max Straße"),
    ],
)
def test_people_are_found_in_any_script(query: str, found: str) -> None:
    make_pneumatic_user(1, first="Анна", last="Жукова")
    make_pneumatic_user(2, first="山田", last="太郎")
    make_pneumatic_user(3, first="José", last="Peña")
    make_pneumatic_user(4, first="Max", last="Straße")
    assert names(query) == [found]


@pytest.mark.parametrize("query", ["%", "_", "\\", "'", '"', "100%_"])
def test_signs_of_a_pattern_are_plain_characters(query: str) -> None:
    make_pneumatic_user(1, first="Ada", last="Lovelace")
    make_pneumatic_user(2, first=f"a{query}b", last="Sign")
    assert names(query) == [f"a{query}b Sign"]


@pytest.mark.parametrize("query", ["\0", "a" * 5000, "word " * 500, "\ud800"])
def test_any_text_may_be_typed(query: str) -> None:
    make_pneumatic_user(1)
    assert isinstance(names(query), list)


def test_removed_users_are_not_found() -> None:
    make_pneumatic_user(1, removed_at=timezone.now())
    assert names("ada") == []


def test_a_deactivated_user_is_found_only_on_request() -> None:
    make_pneumatic_user(1, first="Ada", status="inactive")
    make_pneumatic_user(2, first="Ada", status="invited")
    assert names("ada") == ["Ada Person2"]
    assert names("ada", with_inactive=True) == ["Ada Person1", "Ada Person2"]


def test_a_guest_is_found_only_where_all_users_are() -> None:
    make_pneumatic_user(1, first="Ada", status="guest")
    assert names("ada") == []
    assert names("ada", with_inactive=True) == ["Ada Person1"]


def test_typing_nothing_shows_the_first_people_by_name() -> None:
    for number, first in enumerate(["Cy", "Ada", "Bo"], start=1):
        make_pneumatic_user(number, first=first)
    assert names("", limit=2) == ["Ada Person2", "Bo Person1"[:2] + " Person3"]


def test_a_search_costs_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(1, 60):
        make_pneumatic_user(number)
    with django_assert_num_queries(2):
        assert len(names("ada")) == 20


def test_an_endless_name_is_short_enough_for_the_index() -> None:
    text = search_text(name="名" * 5000, email="x" * 310 + "@example.com")
    assert len(text) <= MAX_CHARACTERS
    make_pneumatic_user(1, last="名" * 5000, search=text)
    assert len(search_people("名名名")) == 1


def test_people_resolve_by_id_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_pneumatic_user(1, first="Ada", last="Lovelace", email="ada@example.com")
    make_pneumatic_user(2, first="Bo", last="Gone", email="bo@example.com", removed_at=timezone.now())
    make_pneumatic_user(3, first="In", last="Vited", email="in@example.com", status="invited")
    with django_assert_num_queries(1):
        people = resolve([1, 2, 3, 99])
    assert people == {
        1: Person(1, "Ada Lovelace", "ada@example.com", "active"),
        2: Person(2, "Bo Gone", "bo@example.com", "removed"),
        3: Person(3, "In Vited", "in@example.com", "invited"),
        99: Person(99, "User 99"),
    }


def test_groups_are_found_by_any_words_and_sorted_by_name() -> None:
    make_pneumatic_group(1, name="Zürich Prüfer")
    make_pneumatic_group(2, name="Approvers Zurich")
    make_pneumatic_group(3, name="Zurich of old", removed_at=timezone.now())
    assert [group.pk for group in search_groups("zurich", limit=9)] == [2, 1]
    assert [group.pk for group in search_groups("prüfer ZÜRICH", limit=9)] == [1]
    assert [group.pk for group in search_groups("", limit=1)] == [2]
    assert search_groups("100%", limit=9) == []


def test_an_endless_name_of_a_group_is_short_enough_for_the_index() -> None:
    make_pneumatic_group(1, name="名" * 5000)
    assert len(search_groups("名名名", limit=9)) == 1


def test_groups_resolve_by_id_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_pneumatic_group(1, name="Approvers", users=[4, 5])
    make_pneumatic_group(2, name="Gone", removed_at=timezone.now())
    with django_assert_num_queries(1):
        groups = resolve_groups([1, 2, 99])
    assert groups == {
        1: Group(1, "Approvers", size=2, status="active"),
        2: Group(2, "Gone", status="removed"),
        99: Group(99, "Group 99"),
    }
    with django_assert_num_queries(0):
        assert resolve_groups([]) == {}

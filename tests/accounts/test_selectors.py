"""Who somebody is in Pneumatic, and who is found by typing."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import User
from apps.accounts.searching import MOST_CHARACTERS, search_text
from apps.accounts.selectors import pneumatic_user_for, search_people
from apps.core.people import Person, resolve
from tests.factories import make_pneumatic_user

pytestmark = pytest.mark.django_db


def names(query: str, **options: int) -> list[str]:
    return [person.name for person in search_people(query, **options)]


def test_the_link_to_pneumatic_is_the_email_whatever_its_case(operator: User) -> None:
    person = make_pneumatic_user(7, email="Operator@Example.COM")
    assert pneumatic_user_for(operator) == person


def test_somebody_who_left_pneumatic_is_no_pneumatic_user(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email, removed_at=timezone.now())
    assert pneumatic_user_for(operator) is None


def test_somebody_without_an_email_is_no_pneumatic_user(operator: User) -> None:
    make_pneumatic_user(7, email="x@example.com")
    operator.email = ""
    assert pneumatic_user_for(operator) is None


def test_an_active_account_wins_over_an_invitation_to_the_same_address(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email, status="invited")
    active = make_pneumatic_user(8, email=operator.email)
    assert pneumatic_user_for(operator) == active


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
def test_signs_of_a_pattern_stand_for_themselves(query: str) -> None:
    make_pneumatic_user(1, first="Ada", last="Lovelace")
    make_pneumatic_user(2, first=f"a{query}b", last="Sign")
    assert names(query) == [f"a{query}b Sign"]


@pytest.mark.parametrize("query", ["\0", "a" * 5000, "word " * 500, "\ud800"])
def test_any_text_may_be_typed(query: str) -> None:
    make_pneumatic_user(1)
    assert isinstance(names(query), list)


def test_nobody_who_left_is_found() -> None:
    make_pneumatic_user(1, removed_at=timezone.now())
    assert names("ada") == []


def test_typing_nothing_shows_the_first_people_by_name() -> None:
    for number, first in enumerate(["Cy", "Ada", "Bo"], start=1):
        make_pneumatic_user(number, first=first)
    assert names("", limit=2) == ["Ada Person2", "Bo Person1"[:2] + " Person3"]


def test_a_search_costs_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(1, 60):
        make_pneumatic_user(number)
    with django_assert_num_queries(2):
        assert len(names("ada")) == 20


def test_an_endless_name_still_fits_the_index() -> None:
    text = search_text(name="名" * 5000, email="x" * 310 + "@example.com")
    assert len(text) <= MOST_CHARACTERS
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

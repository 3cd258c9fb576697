from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import PneumaticUser, User
from apps.core.paging import Page, page
from tests.factories import make_user
from tests.fixtures.depth import examples

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=dt.UTC)
ORDERINGS = [
    ("id",),
    ("-id",),
    ("status", "id"),
    ("-status", "name"),
    ("name", "-removed_at"),
    ("removed_at",),
    ("-removed_at", "-id"),
    (F("removed_at").desc(nulls_last=True), "name"),
    (F("removed_at").asc(nulls_first=True),),
    ("-is_admin", "changed_at"),
    (Lower("name"), "-id"),
    (),
]

people = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(1, 2**40),
            "status": st.sampled_from(["active", "invited"]),
            "name": st.sampled_from(["a", "A", "b", "Ж", "'", "zz", ""]),
            "is_admin": st.booleans(),
            "removed_at": st.sampled_from([None, NOON, NOON + dt.timedelta(microseconds=1)]),
            "changed_at": st.sampled_from([NOON, NOON - dt.timedelta(days=1)]),
        }
    ),
    unique_by=lambda person: person["id"],
    max_size=14,
)
slow_database = examples(0.3, suppress_health_check=[HealthCheck.function_scoped_fixture])


def add(*rows: dict[str, Any]) -> None:
    common = {
        "raw": {},
        "first_seen_at": NOON,
        "changed_at": NOON,
        "email": "",
        "content_hash": "",
        "search": "",
    }
    PneumaticUser.objects.bulk_create(PneumaticUser(**{**common, **row}) for row in rows)


def request_for(url: str) -> HttpRequest:
    return RequestFactory().get(url)


def forwards(queryset: QuerySet[PneumaticUser], per_page: int) -> Iterator[Page[PneumaticUser]]:
    url = "/list/?state=open"
    while url:
        current = page(queryset, request_for(url), per_page=per_page)
        yield current
        url = current.next_url


def ids(pages: Iterator[Page[PneumaticUser]] | list[Page[PneumaticUser]]) -> list[int]:
    return [row.pk for each in pages for row in each]


@pytest.mark.parametrize("ordering", ORDERINGS, ids=str)
@given(rows=people, per_page=st.integers(1, 5))
@slow_database
def test_walking_on_shows_every_row_exactly_once_in_order(
    ordering: tuple[str, ...], rows: list[dict[str, Any]], per_page: int
) -> None:
    PneumaticUser.objects.all().delete()
    add(*rows)
    queryset = PneumaticUser.objects.order_by(*ordering)

    seen = ids(forwards(queryset, per_page))

    last = ordering[-1] if ordering else ""
    tie_break = [] if last in {"id", "-id"} else ["pk"]
    assert seen == list(queryset.order_by(*ordering, *tie_break).values_list("pk", flat=True))


@pytest.mark.parametrize("ordering", ORDERINGS, ids=str)
@given(rows=people, per_page=st.integers(1, 5))
@slow_database
def test_walking_back_shows_the_pages_that_were_there_before(
    ordering: tuple[str, ...], rows: list[dict[str, Any]], per_page: int
) -> None:
    PneumaticUser.objects.all().delete()
    add(*rows)
    queryset = PneumaticUser.objects.order_by(*ordering)
    pages = list(forwards(queryset, per_page))

    back = [pages[-1]]
    while back[-1].previous_url:
        back.append(page(queryset, request_for(back[-1].previous_url), per_page=per_page))

    # All but the last are full, so the same rows come in the same pages.
    assert [ids([each]) for each in reversed(back)] == [ids([each]) for each in pages]


@given(rows=people, late=people, per_page=st.integers(1, 4))
@slow_database
def test_rows_that_appear_between_pages_shift_nothing(
    rows: list[dict[str, Any]], late: list[dict[str, Any]], per_page: int
) -> None:
    PneumaticUser.objects.all().delete()
    known = {row["id"] for row in rows}
    late = [row for row in late if row["id"] not in known]
    add(*rows)
    seen: list[int] = []

    for current in forwards(PneumaticUser.objects.order_by("-removed_at", "name"), per_page):
        seen += ids([current])
        if late:
            add(late.pop())

    assert len(seen) == len(set(seen))
    assert known <= set(seen)


def test_a_row_that_vanished_is_no_hole() -> None:
    add(*({"id": number, "name": str(number)} for number in range(1, 7)))
    first = page(PneumaticUser.objects.order_by("id"), request_for("/"), per_page=2)
    PneumaticUser.objects.filter(id__in=[2, 3]).delete()

    second = page(PneumaticUser.objects.order_by("id"), request_for(first.next_url), per_page=2)

    assert ids([second]) == [4, 5]


def test_annotated_columns_order_pages() -> None:
    for number in range(5):
        make_user(f"user{number}", *["Viewer", "Operator"][: number % 3])
    queryset = User.objects.annotate(roles=Count("groups")).order_by("-roles", "username")
    names: list[str] = []
    url = "/"
    while url:
        current = page(queryset, request_for(url), per_page=2)
        names += [user.username for user in current]
        url = current.next_url

    assert names == ["user2", "user1", "user4", "user0", "user3"]


def test_columns_of_a_relation_order_pages(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_user("a", "Viewer")
    make_user("b", "Operator")
    queryset = User.objects.order_by("-groups__name")
    first = page(queryset, request_for("/"), per_page=1)

    with django_assert_num_queries(1):
        second = page(queryset, request_for(first.next_url), per_page=1)

    assert [user.username for user in [*first, *second]] == ["a", "b"]


def test_a_page_is_one_query_and_counts_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    add(*({"id": number} for number in range(1, 200)))
    first = page(PneumaticUser.objects.order_by("name"), request_for("/"), per_page=50)

    with django_assert_num_queries(1) as captured:
        second = page(PneumaticUser.objects.order_by("name"), request_for(first.next_url), per_page=50)

    assert len(second) == 50
    assert "COUNT" not in captured.captured_queries[0]["sql"]
    assert "OFFSET" not in captured.captured_queries[0]["sql"]


def test_links_keep_the_other_parameters() -> None:
    add({"id": 1}, {"id": 2}, {"id": 3})
    first = page(PneumaticUser.objects.order_by("id"), request_for("/list/?q=a&q=%26&after=x"), per_page=1)

    assert urlsplit(first.next_url).path == "/list/"
    assert first.next_url.startswith("/list/?q=a&q=%26&after=")
    assert not first.has_previous
    second = page(PneumaticUser.objects.order_by("id"), request_for(first.next_url), per_page=1)
    assert second.previous_url.startswith("/list/?q=a&q=%26&before=")


def test_going_back_near_the_beginning_shows_a_whole_first_page() -> None:
    add(*({"id": number} for number in range(1, 6)))
    queryset = PneumaticUser.objects.order_by("id")

    assert ids([page(queryset, request_for("/?before=[3]"), per_page=3)]) == [1, 2, 3]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "[]",
        "[1]",
        "[1,2,3]",
        "{}",
        '{"pk":99}',
        '{"pk":null}',
        '{"pk":[1]}',
        '[{"a":1},1]',
        "[[1],1]",
        '["a","b"]',
        '["a",null]',
        '["a",1e999]',
        '["a",NaN]',
        '["a\\u0000",1]',
        '["\\ud800",1]',
        "[" * 500,
        "[" * 100_000,
        "null",
        '["zzzz",99]',
    ],
)
def test_a_wrong_cursor_leads_to_the_first_page(cursor: str) -> None:
    add({"id": 1, "name": "a"}, {"id": 2, "name": "b"})
    request = RequestFactory().get("/", {"after": cursor})

    assert ids([page(PneumaticUser.objects.order_by("name"), request)]) == [1, 2]


def test_a_number_too_large_for_a_column_is_compared() -> None:
    add({"id": 1, "name": "a"}, {"id": 2, "name": "b"})
    request = RequestFactory().get("/", {"after": '["a",' + "9" * 400 + "]"})

    assert ids([page(PneumaticUser.objects.order_by("name"), request)]) == [2]


def test_long_values_do_not_make_long_addresses() -> None:
    add(*({"id": number, "name": "ü" * 5000 + str(number)} for number in range(1, 6)))
    pages = list(forwards(PneumaticUser.objects.order_by("name"), 2))

    assert ids(pages) == [1, 2, 3, 4, 5]
    assert all(len(each.next_url) < 300 for each in pages)


def test_an_empty_list_is_an_empty_page() -> None:
    empty = page(PneumaticUser.objects.all(), request_for("/"))

    assert not empty.items
    assert not empty.has_next
    assert not empty.has_previous

"""Whole lists from a server that caps pages, changes while it is read, or misbehaves."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.errors import Unavailable, UnexpectedResponse
from apps.pneumatic.transport import paging
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic import samples
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.servers import Seen, Talk


@dataclass(frozen=True)
class Row:
    id: int


def parse(node: Node) -> Row:
    return Row(node.integer("id"))


class Table:
    """A server's table, in its order; ``between`` changes it before each page but the first."""

    def __init__(
        self,
        ids: range | list[int],
        *,
        maximum: int = 10,
        between: Callable[[list[int]], None] | None = None,
        shape: str = "envelope",
    ) -> None:
        self.ids = list(ids)
        self.maximum = maximum
        self.between = between
        self.shape = shape
        self.asked: list[tuple[int | None, int]] = []

    def __call__(self, limit: int | None, offset: int) -> Any:
        if self.asked and self.between is not None:
            self.between(self.ids)
        self.asked.append((limit, offset))
        end = offset + min(limit or self.maximum, self.maximum)
        rows = [{"id": id_} for id_ in self.ids[offset:end]]
        if self.shape == "array":
            return rows
        page: dict[str, Any] = samples.envelope(rows, count=len(self.ids), more=end < len(self.ids))
        return page

    def read(self, *, page_size: int = 100) -> list[int]:
        return [row.id for row in paging.read_all(self, parse, page_size=page_size)]


@pytest.mark.parametrize("shape", ["envelope", "array"])
@pytest.mark.parametrize("maximum", [1, 2, 3, 7, 100, 1000])
def test_it_reads_to_the_end_at_any_page_size(maximum: int, shape: str) -> None:
    for rows in (0, 1, 2, 3, 7, 8, 99, 100, 101, 250):
        assert Table(range(rows), maximum=maximum, shape=shape).read() == list(range(rows))


def test_it_takes_few_requests() -> None:
    table = Table(range(5000), maximum=1000)

    table.read(page_size=100)

    assert len(table.asked) == 51


def test_it_understands_an_array_that_ignores_limit_and_offset() -> None:
    rows = [{"id": id_} for id_ in range(250)]

    found = paging.read_all(lambda limit, offset: rows, parse, page_size=100)

    assert [row.id for row in found] == list(range(250))


@pytest.mark.parametrize("missing", [["count"], ["next"], ["count", "next"], ["previous"]])
def test_it_understands_an_envelope_without_its_hints(missing: list[str]) -> None:
    table = Table(range(25))

    def fetch(limit: int | None, offset: int) -> Any:
        page = table(limit, offset)
        # Without "next" the count tells; without both, the next page would.
        return {key: value for key, value in page.items() if key not in missing or (key == "next" and value)}

    found = paging.read_all(fetch, parse, page_size=100)

    assert [row.id for row in found] == list(range(25))


@given(
    rows=st.integers(0, 60),
    maximum=st.integers(2, 12),
    seed=st.integers(0, 10_000),
    changes=st.integers(0, 4),
)
def test_rows_that_stay_are_neither_lost_nor_doubled(
    rows: int, maximum: int, seed: int, changes: int
) -> None:
    """Rows are deleted anywhere and created at the end, as the order that we ask for has it, between all pages."""
    chance = random.Random(seed)
    left = [20]  # a table that always changes cannot be read
    fresh = iter(range(1000, 10_000))

    def between(ids: list[int]) -> None:
        for _change in range(changes):
            if left[0] and ids and chance.random() < 0.7:
                ids.remove(chance.choice(ids))
                left[0] -= 1
            elif left[0]:
                ids.append(next(fresh))
                left[0] -= 1

    table = Table(range(rows), maximum=maximum, between=between)

    found = table.read()

    assert len(found) == len(set(found))
    stayed = [id_ for id_ in range(rows) if id_ in table.ids]
    assert [id_ for id_ in found if id_ in stayed] == stayed


@pytest.mark.parametrize("maximum", [2, 3, 10, 50])
def test_rows_created_before_the_offset_lose_nothing(maximum: int) -> None:
    """Where a server chooses the order, new rows may come first."""
    fresh = iter(range(1000, 1006))

    def between(ids: list[int]) -> None:
        if (id_ := next(fresh, None)) is not None:
            ids.insert(0, id_)

    table = Table(range(40), maximum=maximum, between=between)

    found = table.read()

    assert len(found) == len(set(found))
    assert set(range(40)) <= set(found)


def test_a_row_that_moves_past_the_offset_is_found_by_reading_again() -> None:
    """A rename moves the last row to the front, before the offset: only the count tells."""
    moves = [39]

    def between(ids: list[int]) -> None:
        if moves:
            ids.remove(moves[0])
            ids.insert(0, moves.pop())

    table = Table(range(40), between=between)

    assert set(table.read()) == set(range(40))


def test_a_list_that_never_stops_changing_is_given_up() -> None:
    chance = random.Random(1)

    with pytest.raises(Unavailable, match="kept changing"):
        Table(range(1000), between=chance.shuffle).read()


def test_a_server_that_repeats_its_first_page_is_a_loop() -> None:
    page = samples.envelope([{"id": 1}, {"id": 2}], count=10, more=True)

    with pytest.raises(UnexpectedResponse, match="repeat or do not end"):
        paging.read_all(lambda limit, offset: page, parse, page_size=100)


def test_pages_without_end_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 50)

    def fetch(limit: int | None, offset: int) -> Any:
        return samples.envelope([{"id": offset}, {"id": offset + 1}], count=10**9, more=True)

    with pytest.raises(UnexpectedResponse, match="do not end"):
        paging.read_all(fetch, parse, page_size=100)


def test_a_list_shorter_than_its_count_is_no_success() -> None:
    page = samples.envelope([{"id": 1}, {"id": 2}], count=10)

    def fetch(limit: int | None, offset: int) -> Any:
        return page if offset == 0 else samples.envelope([{"id": 2}], count=10)

    with pytest.raises((Unavailable, UnexpectedResponse)):
        paging.read_all(fetch, parse, page_size=100)


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"count": 1}, "results"),
        ({"results": {}}, "results"),
        ({"results": [1]}, "results[0]"),
        ({"results": [{"id": 1}, {"name": "x"}]}, "results[1].id"),
        ({"results": [], "count": "many"}, "count"),
        ([{"id": 1}, None], "[1]"),
        ("text", ""),
        (None, ""),
    ],
)
def test_a_page_of_another_shape_is_named_by_its_path(answer: Any, path: str) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        paging.read_all(lambda limit, offset: answer, parse, page_size=100)

    assert caught.value.path == path


def test_progress_reports_how_many_of_how_many() -> None:
    reported: list[tuple[int, int | None]] = []

    paging.read_all(
        Table(range(25)), parse, page_size=10, on_progress=lambda done, total: reported.append((done, total))
    )

    assert reported == [(10, 25), (19, 25), (25, 25)]


def test_the_next_link_is_never_followed(serve: Serve, connect_to: Connect) -> None:
    """It may name any host: only the offset makes the next request."""
    other = serve(lambda seen, talk: talk.answer(body=[]))
    table = Table(range(25))

    def behave(seen: Seen, talk: Talk) -> None:
        offset = int(seen.target.rpartition("offset=")[2])
        page = table(100, offset)
        rows = [samples.summary(row["id"]) for row in page["results"]]
        talk.answer(body={**page, "results": rows, "next": page["next"] and f"{other.url}/templates"})

    server = serve(behave)

    assert [row.id for row in connect_to(server.url).list_templates()] == list(range(25))
    assert other.seen == []
    assert {seen.target.partition("limit")[0] for seen in server.seen} == {"/templates?ordering=date&"}

"""Who did what in a workflow: as the server was recorded to list it, and with rows that cannot be read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.pneumatic.canonical.activity import (
    Activity,
    ActivityKind,
    ActivityLog,
    log_from_json,
    log_to_json,
)
from apps.pneumatic.dialects.current.activity import activity_listing, parse_activity
from apps.pneumatic.errors import UnexpectedResponse
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic import recorded

ROWS: list[Any] = recorded.load("activity-everything")
COMPLETED, RETURNED, ENDED = (
    ActivityKind.TASK_COMPLETED,
    ActivityKind.TASK_RETURNED,
    ActivityKind.WORKFLOW_COMPLETED,
)
ROW = {"id": 9, "created_tsp": 1796046679.25, "type": 3, "user_id": 3, "task": {"id": 72}}


def parsed(answer: Any) -> ActivityLog:
    return parse_activity(Node(answer, key="events"))


@pytest.mark.parametrize("answer", [ROWS, ROWS[::-1], {"count": 23, "next": None, "results": ROWS}])
def test_the_recorded_list(answer: Any) -> None:
    log = parsed(answer)

    assert [(one.kind, one.task_id, one.user_id) for one in log.entries] == [
        (COMPLETED, 72, 3),
        (RETURNED, 72, 4),
        (COMPLETED, 72, 3),
        (RETURNED, 72, 2),
        (COMPLETED, 72, 3),
        (COMPLETED, 73, 4),
        (ENDED, 73, 4),
    ]
    assert log.until == dt.datetime.fromtimestamp(1796046680.529829, dt.UTC)
    assert log_from_json(log_to_json(log)) == log


def test_ends_of_every_kind_are_read() -> None:
    log = parsed([{**ROW, "id": number, "type": number, "task": None} for number in (1, 6, 10)])

    assert [(one.kind, one.task_id) for one in log.entries] == [(ENDED, None)] * 3


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        {**ROW, "user_id": None},
        {**ROW, "type": "3"},
        {**ROW, "type": [3]},
        {**ROW, "type": 99},
        {**ROW, "id": "9"},
        {**ROW, "created_tsp": 1e20},
        {**ROW, "user_id": 2**70},
    ],
    ids=repr,
)
def test_a_row_that_cannot_be_read_is_left_out(row: Any) -> None:
    assert parsed([ROW, row]).entries == parsed([ROW]).entries


def test_a_time_as_text_and_a_task_that_is_none() -> None:
    (one,) = parsed([{**ROW, "created_tsp": None, "created": "2026-11-30T13:50:27Z", "task": 5}]).entries

    assert (one.at, one.task_id) == (dt.datetime(2026, 11, 30, 13, 50, 27, tzinfo=dt.UTC), None)


@pytest.mark.parametrize("answer", [None, "events", {"detail": "Not found."}, {"results": {}}])
def test_no_list_is_an_error(answer: Any) -> None:
    with pytest.raises(UnexpectedResponse):
        parsed(answer)


def test_an_empty_list() -> None:
    assert parsed([]) == ActivityLog()
    assert log_from_json(log_to_json(ActivityLog())) == ActivityLog()


def test_lists_are_merged_by_id() -> None:
    first, second, third = (
        Activity(id_, COMPLETED, dt.datetime(2026, 1, id_, tzinfo=dt.UTC), user_id=7) for id_ in (1, 2, 3)
    )
    older, newer = ActivityLog((first, second), first.at), ActivityLog((second, third), third.at)

    assert older.merged(newer) == newer.merged(older) == ActivityLog((first, second, third), third.at)
    assert older.merged(ActivityLog()) == older


def test_one_request_reads_the_newest() -> None:
    listing = activity_listing(7)

    assert listing.path == "/workflows/7/events"
    assert listing.params == {"ordering": "-created", "include_comments": "false"}

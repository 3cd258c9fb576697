"""What no server would send costs little and fits the columns."""

from __future__ import annotations

import pytest

from tests.fixtures import payloads
from tests.workflows.projecting import projected


def test_huge_and_negative_numbers_cost_nothing_and_fit_the_columns() -> None:
    far = payloads.task_completed(number=2, current_task=payloads.task(2**62, minutes=20))
    below = payloads.task_completed(number=-5, minutes=30, current_task=payloads.task(-7, minutes=40))

    projection, history = projected(payloads.started(), far, below)
    assert projection.step is None
    assert len(history.entries) < 10

    projection, _history = projected(payloads.started(), far)
    assert projection.step is None


def test_wildly_jumping_numbers_make_no_more_lines_than_there_are_events() -> None:
    numbers = [(n * 7919) % 1009 + 1 for n in range(300)]
    bodies = [payloads.task_completed(number=number, minutes=n) for n, number in enumerate(numbers)]

    _projection, history = projected(payloads.started(), *bodies)

    assert len(history.entries) < 3 * len(bodies)


@pytest.mark.ci
def test_ten_thousand_tasks_are_projected() -> None:
    bodies = [payloads.started(), *(payloads.task_completed(number=n) for n in range(1, 10_001))]

    projection, history = projected(*bodies)

    assert projection.step == 10_001
    assert projection.events_count == 10_001
    assert len(history.entries) == 10_002
    assert not projection.has_gaps

"""Recorded launches: answers that were dropped are reported, and no others."""

from __future__ import annotations

import pytest

from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.transport.parsing import Node
from tests.contract.recordings import exchange
from tests.contract.test_replay_running import LAUNCHES

pytestmark = pytest.mark.usefixtures("memory")

STARTED = [name for name in LAUNCHES if exchange(name).status == 200]
# What the recorded requests held and no template has.
UNKNOWN = {"run-simple-unknown-kickoff-key": {"no-such-field"}}


@pytest.mark.parametrize("name", STARTED)
def test_only_an_answer_to_a_field_that_the_template_lacks_was_dropped(name: str) -> None:
    found = exchange(name)
    body = found.body if isinstance(found.body, dict) else {}

    kept = Current.parse_launched(Node(found.answer)).kept

    assert kept is not None
    assert set(body.get("kickoff") or {}) - kept == UNKNOWN.get(name, set())


def test_enough_launches_were_recorded_with_answers() -> None:
    assert set(UNKNOWN) <= set(STARTED)
    assert (
        sum(
            bool(isinstance(exchange(name).body, dict) and exchange(name).body.get("kickoff"))
            for name in STARTED
        )
        > 25
    )

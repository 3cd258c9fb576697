"""No recording is without a test."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.contract.older_releases.covered import COVERED, Replay, matching, names_of
from tests.contract.releases_recorded import TAGS, recorded

HERE = Path(__file__).parent


def test_every_recording_is_replayed_by_one_test() -> None:
    found = [(f"{tag}/{name}", matching(name)) for tag in TAGS for name in names_of(tag)]

    assert len(found) == 1646
    assert [(name, patterns) for name, patterns in found if len(patterns) != 1] == []
    used = Counter(pattern for _name, patterns in found for pattern in patterns)
    assert set(used) == set(COVERED)


def test_no_recording_holds_a_key() -> None:
    for tag in TAGS:
        for name in names_of(tag):
            found = recorded(tag, name)
            assert set(found.headers) <= {"content-type", "retry-after"}, (tag, name)
            for secret in ("Bearer", "pn-", "file_service_auth", "sessionid"):
                assert secret not in f"{found}", (tag, name)


def test_every_part_of_the_table_is_used_by_a_test() -> None:
    tests = {path.name: path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py")}
    for replay in set(Replay) - {Replay.SANDBOX}:
        using = [name for name, text in tests.items() if f"Replay.{replay.name}" in text]
        assert len(using) == 1, replay

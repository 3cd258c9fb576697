"""A launch is compared with its workflow on each release, by the event of the start and by a reading."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from apps.launches.resolution.differences import stored_otherwise
from apps.launches.resolution.evidence import ExpectedWorkflow, Fit, ReportedWorkflow, compare
from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.canonical.events import WorkflowSnapshot
from apps.pneumatic.canonical.schemas import Answer, UserValue, Value
from tests.contract.older_releases.server import Play
from tests.contract.older_releases.workflows import event_of, readings
from tests.contract.releases_recorded import TAGS, recorded

PETRA, ADAM = (
    UserValue(2, "plain@example.test", "Petra Plain"),
    UserValue(3, "admin@example.test", "Adam Admin"),
)
DAY = dt.timedelta(days=1)
TYPED: dict[str, Value] = {
    "string": "Ärger & <b>x</b>", "text": "Line 1\nLine 2 **bold**", "url": "https://example.com/x?q=1",
    "number": Decimal("1234.50"), "radio": "yellow, orange", "dropdown": "Türkiye", "user": PETRA,
    "checkbox": ("Mail", "Fax, telex"), "date": dt.date(2027, 3, 28),
}  # fmt: skip


def answers(play: Play, tag: str) -> list[Answer]:
    """Return what a user gave to the form of the release to launch the recorded workflow."""
    client = play(
        *(recorded(tag, name) for name in ("templates-list", "auth-context", "template-get-optional"))
    )
    (template,) = [row for row in client.list_templates() if row.id == 2]
    found = []
    for field in template.kickoff.fields:
        keys = {option.label: option.key for option in field.selections}
        value = TYPED.get(field.type)
        if isinstance(value, tuple) and keys:
            value = tuple(keys[str(label)] for label in value)
        elif keys:
            value = keys[str(value)]
        if value is not None:
            found.append(Answer(field, value))
    return found


@pytest.mark.parametrize("tag", TAGS)
def test_a_launch_is_recognized_and_another_one_is_not(
    play: Play, monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    monkeypatch.setattr(pneumatic_server, "account_zone", lambda: dt.timezone(dt.timedelta(hours=1)))
    given = answers(play, tag)
    others = [answer if answer.field.type != "user" else replace(answer, value=ADAM) for answer in given]
    without = [answer for answer in given if answer.field.type != "user"]
    snapshots: list[WorkflowSnapshot] = [
        event_of(tag, "delivery-flow-00-workflow_started").workflow,
        readings(tag)["flow-2-workflow-get"].workflow,
    ]
    for one in snapshots:
        assert one.date_created is not None
        reported = ReportedWorkflow(one.template_id, one.name, one.date_created, one.kickoff)
        expected = ExpectedWorkflow(2, one.name, one.date_created - DAY, one.date_created + DAY, tuple(given))
        assert compare(expected, reported).matches, tag
        for wrong, submitted in ((others, "Adam Admin"), (without, "")):
            (differing,) = [
                fit
                for fit in compare(replace(expected, answers=tuple(wrong)), reported).answers
                if not fit.matches
            ]
            assert (differing.label, differing.fit) == ("Who", Fit.DIFFERS), tag
            assert differing.submitted.startswith(submitted), tag
            assert differing.reported in {"Petra Plain", "user 2"}, tag
        kickoff = recorded(tag, "flow-1-run").body["kickoff"]
        assert stored_otherwise(kickoff, given, one.kickoff, shows_empty=True) == {}, tag
        changed = {**kickoff, "o-user": 3 if type(kickoff["o-user"]) is int else ADAM.email}
        stored = stored_otherwise(changed, others, one.kickoff, shows_empty=True)
        assert list(stored) == ["o-user"], tag
        assert stored["o-user"] in {"Petra Plain", "user 2"}, tag

"""Workflows are read back from a server that lists them: what no event reported is updated, a deletion is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import PneumaticError, Unavailable, UnexpectedResponse
from apps.webhooks.models import Event
from apps.workflows.models import Workflow
from apps.workflows.projection.history import HistoryEntryKind, history_of
from apps.workflows.reconciliation import reconciler
from apps.workflows.reconciliation.reconciler import UpdatedWorkflow, check_newest, find_launched, reconcile
from tests.factories import make_workflow
from tests.fixtures.sandbox import Sandbox
from tests.fixtures.spoiling import spoil

pytestmark = pytest.mark.django_db

LONG_AGO = dt.timedelta(days=-1)  # only events of the future are in transit


@pytest.fixture
def current(sandbox: Sandbox, settings: Settings) -> Sandbox:
    """Return a fresh sandbox that behaves as the current server."""
    sandbox.reset(dialect="current")
    settings.PNEUMATIC_DIALECT = "current"
    return sandbox


@pytest.fixture
def client(current: Sandbox) -> Iterator[Client]:
    with connect() as client:
        yield client


@pytest.fixture
def without_grace_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat no event as being in transit."""
    monkeypatch.setattr(reconciler, "EVENT_GRACE_PERIOD", LONG_AGO)


def start(sandbox: Sandbox, name: str = "Trip", template_id: int = 1) -> int:
    """Start a workflow without a subscription to its events; return its id."""
    return int(sandbox.start_workflow(template_id, name=name)["id"])


def known(workflow_id: int) -> Workflow:
    return Workflow.objects.get(pk=workflow_id)


def kinds(workflow_id: int) -> list[HistoryEntryKind]:
    return [entry.kind for entry in history_of(known(workflow_id)).entries]


def test_a_workflow_without_events_is_found(current: Sandbox, client: Client) -> None:
    id_ = start(current)

    report = reconcile(client, full=True)
    workflow = known(id_)

    assert report.updated == [UpdatedWorkflow(id_, "Trip", "", "running")]
    assert (report.listed, report.read, report.remaining) == (1, 1, 0)
    assert workflow.template_id == 1
    assert not workflow.has_gaps
    assert workflow.performers
    assert history_of(workflow).kickoff
    assert kinds(id_)[0] is HistoryEntryKind.STARTED


def test_missing_changes_are_added_and_an_unchanged_workflow_adds_nothing(
    current: Sandbox, client: Client
) -> None:
    id_ = start(current)
    reconcile(client, full=True)
    current.step(id_, silent=True)

    first = reconcile(client, full=True)
    rows = Event.objects.count()
    requests = len(current.requests())
    second = reconcile(client, full=True)

    assert [(one.workflow_id, one.before, one.after) for one in first.updated] == [
        (id_, "running", "running")
    ]
    assert HistoryEntryKind.TASK_DONE in kinds(id_)
    assert (second.updated, second.read) == ([], 0)
    assert Event.objects.count() == rows == 2  # a reading, and who did what
    assert len(current.requests()) == requests + 1  # the list


def test_a_workflow_that_ended_without_an_event_is_shown_as_ended(current: Sandbox, client: Client) -> None:
    id_ = start(current)
    reconcile(client, full=True)
    current.step(id_, "finish", silent=True)

    (updated,) = reconcile(client, full=True).updated

    assert (updated.before, updated.after) == ("running", "completed")
    assert known(id_).ended_at is not None


def test_a_snoozed_workflow_is_shown_so_and_comes_back(current: Sandbox, client: Client) -> None:
    id_ = start(current)
    reconcile(client, full=True)

    current.step(id_, "snooze", silent=True)
    reconcile(client, full=True)
    snoozed = known(id_).state
    current.step(id_, "resume", silent=True)
    reconcile(client, full=True)

    assert (snoozed, known(id_).state) == ("snoozed", "running")


def test_a_deleted_workflow_is_shown_as_deleted(current: Sandbox, client: Client) -> None:
    id_, other = start(current), start(current, "Other")
    reconcile(client, full=True)
    current.delete_workflow(id_)

    report = reconcile(client, full=True)
    again = reconcile(client, full=True)

    assert report.deleted == 1
    assert report.updated == [UpdatedWorkflow(id_, "Trip", "running", "deleted")]
    assert known(id_).state == "deleted"
    assert known(id_).performers == []
    assert kinds(id_)[-2:] == [HistoryEntryKind.DELETED, HistoryEntryKind.TASK_LEFT]
    assert known(other).state == "running"
    assert again.read == 0


def test_one_that_was_marked_deleted_is_restored_when_it_is_listed(current: Sandbox, client: Client) -> None:
    id_ = start(current)
    reconcile(client, full=True)
    current.fault(kind="status", path_prefix=f"/workflows/{id_}", status=404)
    with_fault = reconcile_missing(client, id_)

    back = reconcile(client, full=True)

    assert with_fault == "deleted"
    assert back.updated == [UpdatedWorkflow(id_, "Trip", "deleted", "running")]
    assert HistoryEntryKind.DELETED not in kinds(id_)


def reconcile_missing(client: Client, workflow_id: int) -> str:
    """Reconcile as if the list did not hold the workflow; return its state then."""
    report = reconciler.ReconciliationReport()
    reconciler._write(reconciler._read(client, [workflow_id], report, spare=None), report)
    return known(workflow_id).state


@pytest.mark.usefixtures("without_grace_period")
def test_those_that_the_list_shows_do_not_wait_for_those_that_it_does_not(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events report all workflows of the account, the list only some: the others must not use up every round."""
    monkeypatch.setattr(reconciler, "MAX_READ_PER_ROUND", 2)
    for number in range(5):
        make_workflow(990_000 + number)
        current.fault(kind="status", path_prefix=f"/workflows/{990_000 + number}", status=403, times=0)
    id_ = start(current)

    report = reconcile(client, full=False)

    assert report.updated == [UpdatedWorkflow(id_, "Trip", "", "running")]


@pytest.mark.parametrize("full", [True, False])
def test_a_row_that_cannot_be_read_hides_no_other(current: Sandbox, client: Client, full: bool) -> None:
    broken, other = start(current), start(current, "Other")

    def damage(rows: list[Any]) -> None:
        next(row for row in rows if row["id"] == broken)["id"] = None

    spoil(current, "/workflows", damage)
    report = reconcile(client, full=full)

    assert report.unreadable == 1
    assert list(Workflow.objects.values_list("pk", flat=True)) == ([other] if full else [])
    assert not full or check_newest(client).unreadable == 1


def test_nothing_is_marked_deleted_because_a_list_lacks_it(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [start(current, f"Trip {number}") for number in range(3)]
    reconcile(client, full=True)
    monkeypatch.setattr(client, "receive_workflows", lambda **options: [])

    report = reconcile(client, full=True)

    assert (report.read, report.updated, report.deleted) == (3, [], 0)
    assert {known(id_).state for id_ in ids} == {"running"}


@pytest.mark.parametrize("status", [500, 503, 401, 429])
def test_a_failed_question_changes_nothing(current: Sandbox, client: Client, status: int) -> None:
    id_ = start(current)
    reconcile(client, full=True)
    current.delete_workflow(id_)
    current.fault(kind="status", path_prefix=f"/workflows/{id_}", status=status, times=0)

    with pytest.raises(PneumaticError):
        reconcile(client, full=True)

    assert known(id_).state == "running"


def test_a_question_that_is_refused_is_counted_and_changes_nothing(current: Sandbox, client: Client) -> None:
    id_ = make_workflow(990_077).pk
    current.fault(kind="status", path_prefix=f"/workflows/{id_}", status=403)

    report = reconcile(client, full=True)

    assert (report.denied, report.updated) == (1, [])
    assert known(id_).state == "running"


def test_an_odd_answer_does_not_keep_others_from_being_read(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, good = start(current, "Odd"), start(current, "Good")
    ask = client.get_workflow

    def answer(workflow_id: int) -> object:
        if workflow_id == odd:
            raise UnexpectedResponse("odd")
        return ask(workflow_id)

    monkeypatch.setattr(client, "get_workflow", answer)

    report = reconcile(client, full=True)

    assert report.unreadable == 1
    assert [updated.workflow_id for updated in report.updated] == [good]


def test_what_was_read_before_a_failure_is_kept(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [start(current, f"Trip {number}") for number in range(4)]
    ask, asked = client.get_workflow, []

    def answer(workflow_id: int) -> object:
        asked.append(workflow_id)
        if len(asked) == 3:
            raise Unavailable("away")
        return ask(workflow_id)

    monkeypatch.setattr(client, "get_workflow", answer)

    with pytest.raises(Unavailable):
        reconcile(client, full=True)

    assert set(Workflow.objects.values_list("pk", flat=True)) == set(asked[:2]) < set(ids)


def test_more_than_a_page_is_compared(current: Sandbox, client: Client) -> None:
    current.settings(page_maximum=3)
    ids = {start(current, f"Trip {number}") for number in range(10)}

    report = reconcile(client, full=True)

    assert {updated.workflow_id for updated in report.updated} == ids
    assert reconcile(client, full=True).read == 0


def test_a_key_that_sees_only_its_workflows_is_reported_and_deletes_nothing(
    current: Sandbox, settings: Settings
) -> None:
    id_ = start(current)
    with connect() as client:
        reconcile(client, full=True)
    settings.PNEUMATIC_API_KEY = current.add_key("pn-key-of-somebody-else", 6)

    with connect() as client:
        report = reconcile(client, full=True)

    assert report.denied == report.read == 1
    assert known(id_).state == "running"


def test_the_documented_server_lists_no_workflows(sandbox: Sandbox) -> None:
    with connect() as client:
        report = reconcile(client, full=True)
        youngest = check_newest(client)
        found = find_launched(client, template_id=1, since=timezone.now())

    assert (report.reads_back, youngest.reads_back, found) == (False, False, False)
    assert sandbox.requests() == []


# -- On the timer


def test_a_round_leaves_recent_changes_to_events(current: Sandbox, client: Client) -> None:
    start(current)

    report = reconcile(client, full=False)

    assert (report.listed, report.read, report.updated) == (1, 0, [])
    assert check_newest(client).updated == []


@pytest.mark.usefixtures("without_grace_period")
def test_a_round_does_what_the_whole_does(current: Sandbox, client: Client) -> None:
    lost, ended, deleted, new = (start(current, name) for name in ("Lost", "Ended", "Deleted", "New"))
    with_all = reconcile(client, full=True)
    Workflow.objects.filter(pk=new).delete()
    Event.objects.filter(workflow_id=new).delete()
    current.step(lost, silent=True)
    current.step(ended, "finish", silent=True)
    current.delete_workflow(deleted)

    report = reconcile(client, full=False)

    assert len(with_all.updated) == 4
    assert {(one.workflow_id, one.after) for one in report.updated} == {
        (lost, "running"),
        (ended, "completed"),
        (deleted, "deleted"),
        (new, "running"),
    }


@pytest.mark.usefixtures("without_grace_period")
def test_a_round_is_bounded_and_says_what_is_left(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "MAX_READ_PER_ROUND", 2)
    for number in range(5):
        start(current, f"Trip {number}")

    reports = [reconcile(client, full=False) for _round in range(4)]

    assert [(report.read, report.remaining) for report in reports] == [(2, 3), (2, 1), (1, 0), (0, 0)]
    assert Workflow.objects.count() == 5


@pytest.mark.usefixtures("without_grace_period")
def test_the_newest_are_checked_with_one_request(current: Sandbox, client: Client) -> None:
    id_ = start(current)
    first = check_newest(client)
    current.clear_requests()

    second = check_newest(client)

    assert [updated.workflow_id for updated in first.updated] == [id_]
    assert second.updated == []
    assert len(current.requests()) == 1


# -- For launches


def test_the_youngest_of_a_template_are_found(current: Sandbox, client: Client) -> None:
    before = start(current, "Before")
    since = timezone.now()
    mine, other = start(current, "Mine"), start(current, "Other", template_id=3)

    found = find_launched(client, template_id=1, since=since)
    again = find_launched(client, template_id=1, since=since)

    assert found is again is True
    assert list(Workflow.objects.values_list("pk", flat=True)) == [mine]
    assert {before, other}.isdisjoint(Event.objects.values_list("workflow_id", flat=True))


def test_all_of_them_are_found_where_there_are_many(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "NEWEST_PER_ROUND", 2)
    since = timezone.now() - dt.timedelta(minutes=1)
    ids = {start(current, f"Trip {number}") for number in range(5)}

    assert find_launched(client, template_id=1, since=since)
    assert set(Workflow.objects.values_list("pk", flat=True)) == ids

"""Match launches and workflows, whichever of the two is stored first.

A *launched* launch names its workflow, which is then credited to its user. An *unknown* launch is matched
when exactly one workflow without a launch matches it in template, name, time and every answer (``evidence.py``), and
that workflow matches no other open launch. The same holds for a launch that failed because the
worker did not find its workflow (``poller.py``). Where several workflows match, or none, a user decides;
``candidates`` is what the page shows.

The matcher runs when events are processed, and when a launch has been settled.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.core.database.errors import log_failure
from apps.kickoff.fields import answers_from_json
from apps.launches import outcomes
from apps.launches.models import Launch
from apps.launches.resolution import readback
from apps.launches.resolution.evidence import Comparison, ExpectedWorkflow, Fit, ReportedWorkflow, compare
from apps.launches.state import add_conflict, lock_resolution, move
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import capabilities, longest_call
from apps.webhooks.models import Event
from apps.workflow_templates.selectors import version_kickoff
from apps.workflow_templates.services import record_use
from apps.workflows.models import Workflow
from apps.workflows.projection.history import history_of
from apps.workflows.services import record_starters

logger = logging.getLogger(__name__)

State = Launch.State

# The largest difference between Pneumatic's clock and ours.
CLOCK_SKEW = dt.timedelta(minutes=5)
# For what time-outs do not cover: name resolution, several addresses, a process that was paused.
RESPONSE_MARGIN = dt.timedelta(seconds=60)
MAX_SHOWN = 10  # candidates
MAX_COMPARED = 100  # candidates; of more, those with the latest events
# Launches without a known workflow: the partial index ``launch_looked_for`` has the same condition.
IS_PENDING = Q(state="unknown") | Q(not_found_at__isnull=False)
# Begins a variable in a name, which only the server can replace.
VARIABLE = "{{"
HAS_VARIABLES = Q(name__contains=VARIABLE)
# No launch starts such a workflow, regardless of its name.
IS_OF_PUBLIC_FORM = Q(history__has_key="is_external")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workflow that an unknown launch may have started."""

    workflow: Workflow
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Candidates:
    """The workflows that a launch may have started, best match first: ``shown`` of ``possible`` ones.

    ``left_out`` is the number of those of the right time that it cannot be: they belong to another launch, or neither
    name nor answers match.
    """

    shown: tuple[Candidate, ...] = ()
    possible: int = 0
    left_out: int = 0


def handle_events(events: Sequence[Event]) -> None:
    """Match the workflows of these events with launches; registered with ``webhooks``."""
    ids = {event.workflow_id for event in events}
    started = {event.workflow_id for event in events if event.kind == Kind.WORKFLOW_STARTED}
    _match_workflows(ids, started)
    if connection.features.has_select_for_update:
        # Writers do not exclude each other on this database. A launch that was settled while this transaction was open
        # did not see its workflows, and was not seen by it: match again after the commit.
        transaction.on_commit(partial(_match_workflows, ids, started), robust=True)


def launch_settled(launch: Launch) -> None:
    """Credit the workflow of a settled launch and resolve launches like it. Never raise: the launch is written."""
    try:
        if launch.state == State.LAUNCHED and launch.workflow_id is not None:
            record_starters({launch.workflow_id: launch.launched_by_id})
            if launch.resolved_by_id is not None or not capabilities().reads_back:
                readback.compare_launches([launch.workflow_id])
        resolve_similar([(launch.template_id, launch.name)])
    except Exception:
        log_failure(logger, "Launch %s is settled, but matching it failed", launch.pk)


def resolve_similar(requests: Collection[tuple[int, str]]) -> None:
    """Resolve unknown launches that may have requested one of these: (template id, name)."""
    similar = Q()
    for template_id, name in requests:
        similar |= Q(template=template_id) & (Q() if VARIABLE in name else Q(name=name) | HAS_VARIABLES)
    if similar:
        _resolve(similar)


def candidates(launch: Launch) -> Candidates:
    """Return the workflows that ``launch`` may have started, at most MAX_SHOWN of them to show."""
    expected = expected_workflow(launch)
    possible = Workflow.objects.filter(
        Q(template_id=launch.template_id) | Q(template_id=None),
        Q(started_at__range=(expected.since, expected.until)) | Q(started_at=None),
        last_event_at__gte=expected.since,
    ).exclude(IS_OF_PUBLIC_FORM)
    possible = possible.order_by("-last_event_at", "-pk")[:MAX_COMPARED]
    compared = [(workflow, compare(expected, _reported(workflow))) for workflow in possible]
    owners = _owners([workflow.pk for workflow, _comparison in compared], besides=launch)
    found = [
        Candidate(workflow, comparison)
        for workflow, comparison in compared
        if workflow.pk not in owners and comparison.is_possible
    ]
    found.sort(key=lambda candidate: candidate.comparison.score, reverse=True)
    return Candidates(tuple(found[:MAX_SHOWN]), len(found), len(compared) - len(found))


def expected_workflow(launch: Launch) -> ExpectedWorkflow:
    """Return what ``launch`` requested, and when its workflow can have been started."""
    definitions = version_kickoff(launch.version).fields
    answers = answers_from_json(definitions, launch.answers)
    read = {answer.field.api_name for answer in answers}
    can = capabilities()
    fields = {field.api_name for field in definitions} if can.name_variables else set()
    since, until = start_window(launch)
    return ExpectedWorkflow(
        template_id=launch.template_id,
        name=launch.name,
        since=since,
        until=until,
        answers=answers,
        unread=tuple(api_name for api_name in launch.answers if api_name not in read),
        variables=frozenset(can.name_variables) | fields,
        longest_name=can.longest_name,
    )


def start_window(launch: Launch) -> tuple[dt.datetime, dt.datetime]:
    """Return the earliest and the latest time at which the workflow of ``launch`` can have been started.

    From the first attempt, even if a user said that it did not start, to the latest response to the last attempt.
    """
    sent = launch.sent_at or launch.created_at
    since = (sent if launch.attempts <= 1 else launch.created_at) - CLOCK_SKEW
    return since, sent + max_response_time() + CLOCK_SKEW


def can_show_more() -> Q:
    """Return the condition that another check can find more than the last one.

    A check that began when the workflow could no longer be started has found all there can be.
    """
    last = F("sent_at") + max_response_time() + CLOCK_SKEW
    return Q(checked_at=None) | Q(sent_at=None) | Q(checked_at__lte=last)


def max_response_time() -> dt.timedelta:
    """Return how long a response may take with the time-outs of the gateway."""
    return dt.timedelta(seconds=longest_call()) + RESPONSE_MARGIN


def has_candidates(launch: Launch) -> bool:
    """Return whether any workflow without a launch may be the launch's, though not everything matches.

    A user may have renamed it, and an answer may be reported in another form: name or answers are enough.
    """
    expected = expected_workflow(launch)
    possible = _unowned(launch).filter(
        Q(template_id=expected.template_id) | Q(template_id=None),
        Q(started_at__range=(expected.since, expected.until)) | Q(started_at=None),
        last_event_at__gte=expected.since,
    )
    for workflow in possible.iterator(chunk_size=50):
        comparison = compare(expected, _reported(workflow))
        if comparison.name is Fit.MATCHES or (comparison.answers and comparison.answers_match):
            return True
    return False


def owner_of(workflow_id: int, *, besides: Launch) -> Launch | None:
    """Return another launch that this workflow belongs to, or None."""
    return _owners([workflow_id], besides=besides).get(workflow_id)


def _match_workflows(workflow_ids: Collection[int], started: Collection[int]) -> None:
    """Match these workflows with launches; the launches of those ``started`` are compared with them."""
    launched = Launch.objects.filter(workflow_id__in=workflow_ids).order_by("created_at")
    pairs = launched.values_list("workflow_id", "launched_by")
    record_starters({workflow_id: user_id for workflow_id, user_id in pairs if workflow_id is not None})
    described = Workflow.objects.filter(pk__in=workflow_ids, template_id=OuterRef("template_id"))
    named = Q(Exists(described.filter(name=OuterRef("name")))) | HAS_VARIABLES & Q(Exists(described))
    _resolve(named)
    if started:
        readback.compare_launches(started)


def _resolve(wanted: Q) -> None:
    """Resolve those of the wanted launches that have no known workflow."""
    found = Launch.objects.filter(wanted, IS_PENDING)
    for launch in found.select_related("version", "template", "launched_by").defer("template__raw"):
        _resolve_one(launch)


def _resolve_one(launch: Launch) -> None:
    with transaction.atomic():
        lock_resolution()
        launch.refresh_from_db(fields=["state", "not_found_at"])  # the poller may have changed it
        found = _only_match(launch)
        if found is None:
            return
        workflow, comparison = found
        resolved = move(
            launch.pk,
            come_from=[State.UNKNOWN],
            or_not_found=True,
            attempts=launch.attempts,
            **outcomes.name_values(launch, workflow.name),
            state=State.LAUNCHED,
            reason=_match_reason(launch),
            workflow_id=workflow.pk,
            evidence=_evidence(workflow, comparison),
            not_found_at=None,
            deadline_at=None,
            finished_at=clock.now(),
        )
    if not resolved:
        return
    if launch.was_not_found:
        add_conflict(
            launch.pk,
            _(
                "The dashboard had not found workflow %(id)s in Pneumatic's list, and reported it as not started."
            )
            % {"id": workflow.pk},
        )
    logger.info("Launch %s is resolved by an event: workflow %s", launch.pk, workflow.pk)
    record_use(user=launch.launched_by, template=launch.template, at=launch.created_at)
    record_starters({workflow.pk: launch.launched_by_id})


def _match_reason(launch: Launch) -> str:
    """Return the sentence that says how the workflow was found."""
    if launch.check_attempted_at is None:
        return _(
            "No response arrived, but an event reported the workflow: it has this template, this name and these "
            "answers, and it was started at the right time."
        )
    return _(
        "No response arrived, but an event or a check in Pneumatic found the workflow: it has this template, this "
        "name and these answers, and it was started at the right time."
    )


def _only_match(launch: Launch) -> tuple[Workflow, Comparison] | None:
    """Return the only workflow that matches the launch and no other one."""
    expected = expected_workflow(launch)
    possible = _unowned(launch).filter(
        template_id=expected.template_id,
        started_at__range=(expected.since, expected.until),
        last_event_at__gte=expected.since,
    )
    if (name := expected.literal_name) is not None:
        possible = possible.filter(name__in={name, expected.name})
    only: tuple[Workflow, Comparison] | None = None
    for workflow in possible.iterator(chunk_size=50):
        comparison = compare(expected, _reported(workflow))
        if comparison.matches:
            if only is not None:
                return None
            only = workflow, comparison
    return None if only is None or _has_rival(launch, only[0]) else only


def _has_rival(launch: Launch, workflow: Workflow) -> bool:
    """Return whether the workflow also matches another launch without a known workflow."""
    reported = _reported(workflow)
    others = Launch.objects.filter(
        Q(name__in={launch.name, workflow.name}) | HAS_VARIABLES,
        template=launch.template_id,
        state__in=[State.UNKNOWN, State.SENDING, State.QUEUED],
    ).exclude(pk=launch.pk)
    return any(
        compare(expected_workflow(other), reported).matches for other in others.select_related("version")
    )


def _unowned(launch: Launch) -> QuerySet[Workflow]:
    """Select the workflows that belong to no other launch, and to no public form."""
    owned = Launch.objects.filter(workflow_id=OuterRef("pk")).exclude(pk=launch.pk)
    return Workflow.objects.exclude(Exists(owned)).exclude(IS_OF_PUBLIC_FORM)


def _reported(workflow: Workflow) -> ReportedWorkflow:
    return ReportedWorkflow(
        template_id=workflow.template_id,
        name=workflow.name,
        started_at=workflow.started_at,
        kickoff=history_of(workflow).kickoff or (),
    )


def _owners(workflow_ids: Iterable[int], *, besides: Launch) -> Mapping[int, Launch]:
    taken = Launch.objects.filter(workflow_id__in=list(workflow_ids)).exclude(pk=besides.pk)
    return {
        launch.workflow_id: launch
        for launch in taken.only("name", "upstream_name", "workflow_id")
        if launch.workflow_id
    }


def _evidence(workflow: Workflow, comparison: Comparison) -> dict[str, Any]:
    """Return the basis of the match as JSON, which is kept when events are pruned."""
    started = next((entry for entry in history_of(workflow).entries if entry.content_hash), None)
    return {
        "workflow": workflow.pk,
        "template": workflow.template_name,
        "name": workflow.name,
        "started_at": workflow.started_at.isoformat() if workflow.started_at else None,
        "answers": [[answer.label, answer.submitted, answer.reported] for answer in comparison.answers],
        "event": started.content_hash if started else None,
    }

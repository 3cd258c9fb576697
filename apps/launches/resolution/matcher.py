"""Launches and workflows find each other, whichever of the two is written first.

A *launched* launch names its workflow, which is then credited to whoever launched it. An *unknown* launch is given the
workflow that it asked for when the evidence leaves no choice: exactly one workflow that belongs to no other launch
fits in template, name, time and every answer (``evidence.py``), and no other launch that is still open fits that
workflow. So is one that failed because the worker's looks had missed its workflow (``looking.py``). Where there is a
choice, or nothing fits, a person decides; ``candidates`` is what they are shown.

Both sides look: the worker when events come, and whoever settles a launch when it has been settled.
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
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.kickoff.fields import answers_from_json
from apps.launches import outcomes
from apps.launches.models import Launch
from apps.launches.resolution.evidence import Comparison, ExpectedWorkflow, Fit, ReportedWorkflow, compare
from apps.launches.state import decide_alone, move, note_contradiction
from apps.pneumatic.client import capabilities, longest_call
from apps.webhooks.models import Event
from apps.workflow_templates.selectors import version_kickoff
from apps.workflow_templates.services import record_use
from apps.workflows.models import Workflow
from apps.workflows.projection.history import history_of
from apps.workflows.services import record_starters

logger = logging.getLogger(__name__)

State = Launch.State

# How far Pneumatic's clock and ours may be apart.
CLOCK_SKEW = dt.timedelta(minutes=5)
# What a request may take beyond its time-outs: name resolution, several addresses, a process that was paused.
ANSWER_MARGIN = dt.timedelta(seconds=60)
SHOWN = 10  # candidates
COMPARED = 100  # candidates; of more, those last heard of
# Not known, or missed by the worker's looks: an index of its own holds them.
LOOKED_FOR = Q(state="unknown") | Q(missed_at__isnull=False)
# How a variable begins in a name. What the server makes of such a name is not known beforehand.
VARIABLE = "{{"
HAS_VARIABLES = Q(name__contains=VARIABLE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workflow that an unknown launch may have started; ``owner`` is another launch that has it already."""

    workflow: Workflow
    comparison: Comparison
    owner: Launch | None = None


def handle_events(events: Sequence[Event]) -> None:
    """Let the workflows of these events and the launches find each other; registered with ``webhooks``."""
    ids = {event.workflow_id for event in events}
    _find_each_other(ids)
    if connection.features.has_select_for_update:
        # Here writers do not exclude each other. A launch that was settled while this transaction was open saw none
        # of its workflows, and was not seen by it: so look once more when it is closed.
        transaction.on_commit(partial(_find_each_other, ids), robust=True)


def launch_settled(launch: Launch) -> None:
    """Draw the conclusions of what became of a launch; never raises: the launch itself is written already."""
    try:
        if launch.state == State.LAUNCHED and launch.workflow_id is not None:
            record_starters({launch.workflow_id: launch.launched_by_id})
        resolve_alike([(launch.template_id, launch.name)])
    except Exception:
        logger.exception("Launch %s is settled, but what follows from it failed", launch.pk)


def resolve_alike(wishes: Collection[tuple[int, str]]) -> None:
    """Resolve unknown launches that may ask for this: (template, name). With none unknown, it looks into indexes."""
    alike = Q()
    for template_id, name in wishes:
        alike |= Q(template=template_id) & (Q() if VARIABLE in name else Q(name=name) | HAS_VARIABLES)
    if alike:
        _resolve(alike)


def candidates(launch: Launch) -> list[Candidate]:
    """Return the workflows that ``launch`` may have started, those that fit best first."""
    wish = wish_of(launch)
    possible = Workflow.objects.filter(
        Q(template_id=launch.template_id) | Q(template_id=None),
        Q(started_at__range=(wish.since, wish.until)) | Q(started_at=None),
        last_event_at__gte=wish.since,
    ).order_by("-last_event_at", "-pk")[:COMPARED]
    compared = [(workflow, compare(wish, _told(workflow))) for workflow in possible]
    compared.sort(key=lambda pair: pair[1].score, reverse=True)
    owners = _owners([workflow.pk for workflow, _comparison in compared], besides=launch)
    return [
        Candidate(workflow, comparison, owners.get(workflow.pk)) for workflow, comparison in compared[:SHOWN]
    ]


def wish_of(launch: Launch) -> ExpectedWorkflow:
    """Return what ``launch`` asked for, and when its workflow can have been made."""
    definitions = version_kickoff(launch.version).fields
    answers = answers_from_json(definitions, launch.answers)
    read = {answer.field.api_name for answer in answers}
    can = capabilities()
    fields = {field.api_name for field in definitions} if can.name_variables else set()
    since, until = window(launch)
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


def window(launch: Launch) -> tuple[dt.datetime, dt.datetime]:
    """Return when the workflow of ``launch`` can have been made.

    That is from the first attempt on, whatever a person said about it, until the last could have been answered.
    """
    sent = launch.sent_at or launch.created_at
    since = (sent if launch.attempts <= 1 else launch.created_at) - CLOCK_SKEW
    return since, sent + longest_answer() + CLOCK_SKEW


def may_show_more() -> Q:
    """Return the condition that another look at Pneumatic can show more of a launch than the last one did.

    A look that began when the workflow could no longer be made has shown all there can be.
    """
    last = F("sent_at") + longest_answer() + CLOCK_SKEW
    return Q(looked_at=None) | Q(sent_at=None) | Q(looked_at__lte=last)


def longest_answer() -> dt.timedelta:
    """Return how long a request may take with the time-outs that the gateway keeps."""
    return dt.timedelta(seconds=longest_call()) + ANSWER_MARGIN


def may_be_known(launch: Launch) -> bool:
    """Say whether any free workflow that we know may be the launch's, though not everything about it fits.

    Somebody may have renamed it already, and an answer may look other than it was given: either is enough.
    """
    wish = wish_of(launch)
    possible = _free(launch).filter(
        Q(template_id=wish.template_id) | Q(template_id=None),
        Q(started_at__range=(wish.since, wish.until)) | Q(started_at=None),
        last_event_at__gte=wish.since,
    )
    for workflow in possible.iterator(chunk_size=50):
        comparison = compare(wish, _told(workflow))
        if comparison.name is Fit.FITS or (comparison.answers and comparison.answers_fit):
            return True
    return False


def owner_of(workflow_id: int, *, besides: Launch) -> Launch | None:
    """Return another launch that has this workflow, or None."""
    return _owners([workflow_id], besides=besides).get(workflow_id)


def _find_each_other(workflow_ids: Collection[int]) -> None:
    launched = Launch.objects.filter(workflow_id__in=workflow_ids).order_by("created_at")
    pairs = launched.values_list("workflow_id", "launched_by")
    record_starters({workflow_id: user_id for workflow_id, user_id in pairs if workflow_id is not None})
    described = Workflow.objects.filter(pk__in=workflow_ids, template_id=OuterRef("template_id"))
    named = Q(Exists(described.filter(name=OuterRef("name")))) | HAS_VARIABLES & Q(Exists(described))
    _resolve(named)


def _resolve(wanted: Q) -> None:
    """Resolve those of the wanted launches whose workflows are looked for."""
    found = Launch.objects.filter(wanted, LOOKED_FOR)
    for launch in found.select_related("version", "template", "launched_by").defer("template__raw"):
        _resolve_one(launch)


def _resolve_one(launch: Launch) -> None:
    with transaction.atomic():
        decide_alone()
        launch.refresh_from_db(fields=["state", "missed_at"])  # a look may have given it up meanwhile
        found = _only_fit(launch)
        if found is None:
            return
        workflow, comparison = found
        resolved = move(
            launch.pk,
            come_from=[State.UNKNOWN],
            or_missed=True,
            attempts=launch.attempts,
            **outcomes.naming(launch, workflow.name),
            state=State.LAUNCHED,
            reason=_found(launch),
            workflow_id=workflow.pk,
            evidence=_evidence(workflow, comparison),
            missed_at=None,
            deadline_at=None,
            finished_at=timezone.now(),
        )
    if not resolved:
        return
    if launch.was_missed:
        note_contradiction(
            launch.pk,
            _(
                "The dashboard had not found workflow %(id)s in Pneumatic's list, and said that it did not start."
            )
            % {"id": workflow.pk},
        )
    logger.info("Launch %s is resolved by an event: workflow %s", launch.pk, workflow.pk)
    record_use(user=launch.launched_by, template=launch.template, at=launch.created_at)
    record_starters({workflow.pk: launch.launched_by_id})


def _found(launch: Launch) -> str:
    """Return why the workflow is taken for the launch's."""
    if launch.tried_at is None:
        return _(
            "No answer came, but an event showed the workflow: it has this template, this name and these answers, "
            "and it was started at the right time."
        )
    return _(
        "No answer came, but an event or a look into Pneumatic showed the workflow: it has this template, this name "
        "and these answers, and it was started at the right time."
    )


def _only_fit(launch: Launch) -> tuple[Workflow, Comparison] | None:
    """Return the workflow that must be the launch's: the only free one that fits it, and it fits no other launch."""
    wish = wish_of(launch)
    possible = _free(launch).filter(
        template_id=wish.template_id,
        started_at__range=(wish.since, wish.until),
        last_event_at__gte=wish.since,
    )
    if (name := wish.literal_name) is not None:
        possible = possible.filter(name__in={name, wish.name})
    only: tuple[Workflow, Comparison] | None = None
    for workflow in possible.iterator(chunk_size=50):
        comparison = compare(wish, _told(workflow))
        if comparison.fits:
            if only is not None:
                return None
            only = workflow, comparison
    return None if only is None or _has_rival(launch, only[0]) else only


def _has_rival(launch: Launch, workflow: Workflow) -> bool:
    """Say whether the workflow may as well be that of another launch whose own is not known."""
    told = _told(workflow)
    others = Launch.objects.filter(
        Q(name__in={launch.name, workflow.name}) | HAS_VARIABLES,
        template=launch.template_id,
        state__in=[State.UNKNOWN, State.SENDING, State.QUEUED],
    ).exclude(pk=launch.pk)
    return any(compare(wish_of(other), told).fits for other in others.select_related("version"))


def _free(launch: Launch) -> QuerySet[Workflow]:
    """Return the workflows that belong to no other launch."""
    owned = Launch.objects.filter(workflow_id=OuterRef("pk")).exclude(pk=launch.pk)
    return Workflow.objects.exclude(Exists(owned))


def _told(workflow: Workflow) -> ReportedWorkflow:
    return ReportedWorkflow(
        template_id=workflow.template_id,
        name=workflow.name,
        started_at=workflow.started_at,
        kickoff=history_of(workflow).kickoff or (),
    )


def _owners(workflow_ids: Iterable[int], *, besides: Launch) -> Mapping[int, Launch]:
    taken = Launch.objects.filter(workflow_id__in=list(workflow_ids)).exclude(pk=besides.pk)
    return {launch.workflow_id: launch for launch in taken.only("name", "workflow_id") if launch.workflow_id}


def _evidence(workflow: Workflow, comparison: Comparison) -> dict[str, Any]:
    """Return what the decision rests on as JSON: events may be pruned one day, this is kept."""
    started = next((entry for entry in history_of(workflow).entries if entry.content_hash), None)
    return {
        "workflow": workflow.pk,
        "template": workflow.template_name,
        "name": workflow.name,
        "started_at": workflow.started_at.isoformat() if workflow.started_at else None,
        "answers": [[fit.label, fit.ours, fit.theirs] for fit in comparison.answers],
        "event": started.content_hash if started else None,
    }

"""Reads of workflows, for their own pages and for those of other apps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from apps.accounts.models import User
from apps.accounts.selectors import groups_of, search_people
from apps.core.database import clock
from apps.core.days import within
from apps.core.identifiers import read_number
from apps.core.people import pneumatic_id_of
from apps.core.searching import has_words, search_words
from apps.pneumatic.canonical.events import Seen
from apps.webhooks.freshness import is_worker_behind
from apps.webhooks.models import Delivery, Event
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import of_template
from apps.workflows.models import Holder, Workflow

State = Workflow.State

ME, OUTSIDE = "me", "elsewhere"
PEOPLE_FOUND = 50  # by words, for the filter "Assigned to"
DELIVERIES_SHOWN = 20
NO_USER_ID = -1  # an id that no Pneumatic user has


@dataclass(frozen=True, slots=True)
class WorkflowFilters:
    """The filters of the list of workflows; the defaults match all of them.

    ``user`` is the user who asks, and what "me" means.
    """

    user: User | None = None
    query: str = ""  # words of the name, or the id
    state: str = ""
    template: str = ""  # an id, or words of the name
    held: str = ""  # "me", the id of a Pneumatic user, or words of names and e-mails
    starter: str = ""  # "me", "elsewhere", or the id of a user of the dashboard
    gaps: bool = False  # only those with missing events
    since: dt.date | None = None  # started
    until: dt.date | None = None
    quiet: int | None = None  # days without an event; running ones, unless ``state`` says otherwise

    @property
    def is_filtered(self) -> bool:
        """Return whether anything is filtered out."""
        return self != WorkflowFilters(user=self.user)

    @property
    def by_start(self) -> bool:
        """Return whether the list is sorted by start: where it is filtered by it."""
        return bool(self.since or self.until)


def workflows(filters: WorkflowFilters | None = None) -> QuerySet[Workflow]:
    """Return matching workflows, latest event first, without their histories."""
    filters = filters or WorkflowFilters()
    order = ("-started_at", "-id") if filters.by_start else ("-last_event_at", "-id")
    found = (
        Workflow.objects.select_related("launched_by")
        .defer("history", "search", "digest", "lacks_doers")
        .order_by(*order)
    )
    return _filtered(found, filters)


def workflow_for_page(workflow_id: int) -> Workflow | None:
    """Return a workflow with all that its page shows, or None."""
    return Workflow.objects.select_related("launched_by").filter(pk=workflow_id).first()


def last_change_of(workflow_id: int) -> tuple[Any, ...] | None:
    """Return a value that changes with every write to this workflow; None for an unknown one."""
    return Workflow.objects.filter(pk=workflow_id).values_list("changed_at", is_worker_behind()).first()


def last_change() -> tuple[Any, ...]:
    """Return a value that changes with every write to any workflow, in one query along indexes.

    The id of the newest event is part of it: of two concurrent writes the later time may be committed first.
    """
    newest_event = Subquery(Event.objects.order_by("-pk").values("pk")[:1])
    found = Workflow.objects.order_by("-changed_at").values_list(
        "changed_at", newest_event, is_worker_behind()
    )
    return found.first() or ()


def templates_of(found: Iterable[Workflow]) -> dict[int, Template]:
    """Return the mirrored templates of these workflows by id, with their names and numbers of tasks, in one query."""
    ids = {workflow.template_id for workflow in found if workflow.template_id is not None}
    return Template.objects.only("name", "tasks_count").in_bulk(ids) if ids else {}


def started_outside(ids: Collection[int]) -> dict[int, tuple[int | None, bool]]:
    """Return who started these workflows, which no launch did: a Pneumatic user's id, and whether a public form.

    Lists leave histories out, so this reads the two values alone.
    """
    rows = Workflow.objects.filter(pk__in=ids).values_list(
        "pk", "history__starter_id", "history__is_external"
    )
    return {pk: (starter, is_external is True) for pk, starter, is_external in rows} if ids else {}


def assigned_to(user: User, limit: int) -> list[Workflow]:
    """Return running workflows whose current task is assigned to ``user``, latest event first."""
    return list(workflows(WorkflowFilters(user=user, held=ME, state=State.RUNNING))[:limit])


def running(limit: int, *, not_assigned_to: int | None = None) -> list[Workflow]:
    """Return running workflows, latest event first, without those assigned to this Pneumatic user or their groups."""
    found = workflows(WorkflowFilters(state=State.RUNNING))
    if not_assigned_to is not None:
        found = found.filter(~Exists(_assignments([not_assigned_to]).filter(workflow=OuterRef("pk"))))
    return list(found[:limit])


def with_gaps(limit: int) -> list[Workflow]:
    """Return workflows with missing events that have not ended, latest event first."""
    return list(
        workflows(WorkflowFilters(gaps=True)).filter(state__in=[State.RUNNING, State.SNOOZED, State.UNKNOWN])[
            :limit
        ]
    )


def running_of_template(template_id: int, limit: int) -> list[Workflow]:
    """Return running workflows of a template, latest event first."""
    return list(workflows(WorkflowFilters(state=State.RUNNING, template=str(template_id)))[:limit])


def starters(limit: int = 500) -> list[User]:
    """Return those who started any workflow from here, for the list's filter."""
    has_started = Exists(Workflow.objects.filter(launched_by=OuterRef("pk")))
    named = User.objects.only("username", "first_name", "last_name", "email")
    return list(named.filter(has_started).order_by("username")[:limit])


def event_of(workflow_id: int, event_id: int) -> Event | None:
    """Return an event of this workflow, or None."""
    return Event.objects.filter(pk=event_id, workflow_id=workflow_id).first()


def deliveries_of(event: Event) -> list[Delivery]:
    """Return the deliveries that brought an event, newest first, without their bodies; at most DELIVERIES_SHOWN."""
    return list(
        event.deliveries.only("received_at", "event").order_by("-received_at", "-id")[:DELIVERIES_SHOWN]
    )


def event_ids(workflow_id: int, hashes: Collection[str]) -> dict[str, tuple[int, str]]:
    """Return the ids and kinds of the workflow's events that have these content hashes."""
    found = Event.objects.filter(workflow_id=workflow_id).values_list("content_hash", "pk", "kind")
    return {content_hash: (pk, kind) for content_hash, pk, kind in found if content_hash in hashes}


def newest_reading(workflow_id: int) -> Event | None:
    """Return what was last read of this workflow from Pneumatic and differed from before, or None."""
    readings = Event.objects.filter(workflow_id=workflow_id, kind=Seen.WORKFLOW.value)
    return readings.order_by("-last_received_at").first()


def named(found: QuerySet[Workflow], text: str) -> QuerySet[Workflow]:
    """Return those whose name has every word of ``text``, or that have this id."""
    words, number = has_words(text), read_number(text)
    return found.filter(words if number is None else words | Q(pk=number))


def _filtered(found: QuerySet[Workflow], filters: WorkflowFilters) -> QuerySet[Workflow]:
    state = filters.state
    if filters.quiet is not None:
        state = state or State.RUNNING
        found = found.filter(last_event_at__lt=clock.now() - dt.timedelta(days=filters.quiet))
    if state:
        found = found.filter(state=state)
    if filters.template:
        found = found.filter(of_template(filters.template))
    if filters.held:
        found = _held(found, filters)
    if filters.starter:
        found = _started_by(found, filters)
    if filters.gaps:
        found = found.filter(has_gaps=True)
    found = found.filter(within("started_at", filters.since, filters.until))
    return named(found, filters.query)


def _held(found: QuerySet[Workflow], filters: WorkflowFilters) -> QuerySet[Workflow]:
    number = read_number(filters.held)
    ids: list[int]
    if filters.held == ME:
        mine = pneumatic_id_of(filters.user) if filters.user else None
        ids = [NO_USER_ID if mine is None else mine]
    elif number is not None:
        ids = [number]
    else:
        # A task may still be assigned to a user who was deactivated.
        found_people = search_people(filters.held, limit=PEOPLE_FOUND, with_inactive=True)
        ids = [person.id for person in found_people] if search_words(filters.held) else []
    return found.filter(pk__in=_assignments(ids).values("workflow"))


def _assignments(people: Collection[int]) -> QuerySet[Holder]:
    """Return the performers that are these users or one of their groups."""
    by_themselves = Q(person_id__in=people, is_group=False)
    groups = groups_of(people)
    return Holder.objects.filter(
        by_themselves | Q(person_id__in=groups, is_group=True) if groups else by_themselves
    )


def _started_by(found: QuerySet[Workflow], filters: WorkflowFilters) -> QuerySet[Workflow]:
    if filters.starter == OUTSIDE:
        return found.filter(launched_by=None)
    if filters.starter == ME:
        return found.filter(launched_by=filters.user)
    return found.filter(launched_by=read_number(filters.starter))

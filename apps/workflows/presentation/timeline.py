"""The pages of a workflow and of an event as plain rows: activity, answers, performers and missing events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.answers import LabelledAnswer
from apps.core.database import clock
from apps.core.people import Group, Person, resolve, resolve_groups
from apps.core.text.visible import first_visible
from apps.pneumatic.canonical.events import (
    Event,
    Output,
    Performer,
    Seen,
    Status,
    TaskSnapshot,
    event_from_json,
)
from apps.webhooks.models import Event as EventRow
from apps.workflows import selectors
from apps.workflows.models import Workflow
from apps.workflows.presentation.missed_events import missing_text, read_back_text
from apps.workflows.presentation.outputs import describe_outputs, groups_in, people_in
from apps.workflows.projection.history import (
    Gap,
    GapKind,
    HistoryEntry,
    HistoryEntryKind,
    TaskRound,
    history_of,
    is_waiting,
)


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """A task as a page shows it; times are None where they are unknown."""

    name: str
    number: int | None
    round: int
    description: str
    performers: Sequence[str]
    answers: Sequence[LabelledAnswer]
    started_at: dt.datetime | None
    done_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the timeline; ``event_id`` is None where it has no event.

    ``why`` explains a line that has no event, or that is inferred from another one. ``doers`` are names of users who
    completed or returned it, where that is known.
    """

    kind: str
    title: str
    at: dt.datetime | None
    event_id: int | None
    is_inferred: bool
    why: str
    task: TaskDetail | None
    doers: Sequence[str] = ()

    @property
    def is_return(self) -> bool:
        """Return whether a task was returned."""
        return self.kind == HistoryEntryKind.TASK_RETURNED

    @property
    def is_current(self) -> bool:
        """Return whether this is an open task."""
        return self.kind == HistoryEntryKind.TASK_CURRENT


@dataclass(frozen=True, slots=True)
class WorkflowDetail:
    """The content of a workflow's page; ``kickoff`` is None where no event contains the answers.

    ``starter`` is the user who started it in Pneumatic, None where unknown. ``missing`` and ``read_back`` are sentences
    about missing events, '' where there are none.
    """

    kickoff: Sequence[LabelledAnswer] | None
    lines: Sequence[TimelineEntry]
    gaps: Sequence[str]
    missing: str
    read_back: str
    events_until: dt.datetime | None
    starter: Person | None
    is_external: bool  # a public form started it
    is_urgent: bool
    due: dt.datetime | None


@dataclass(frozen=True, slots=True)
class EventDetail:
    """The content of an event's page; ``status`` is the reported status of the workflow.

    ``current`` are the open tasks except ``task``; ``is_read_back`` is True for a reading from Pneumatic.
    """

    title: str
    facts: Event
    status: str
    kickoff: Sequence[LabelledAnswer]
    task: TaskDetail | None
    current: Sequence[TaskDetail]
    is_read_back: bool


def detail_of(workflow: Workflow) -> WorkflowDetail:
    """Return the content of the page of ``workflow``; users and groups take one query each."""
    history = history_of(workflow)
    tasks = [task for entry in history.entries for task in (entry.task, entry.target) if task]
    kickoff = history.kickoff
    named = {id_ for entry in history.entries for id_ in entry.doers}
    if history.starter_id is not None:
        named.add(history.starter_id)
    people = _people([*(kickoff or ()), *_outputs(tasks)], _performers(tasks), also=named)
    hashes = {entry.content_hash for entry in history.entries if entry.content_hash}
    events = selectors.event_ids(workflow.pk, hashes) if hashes else {}
    return WorkflowDetail(
        kickoff=None if kickoff is None else describe_outputs(kickoff, people.by_id, people.groups),
        lines=[_line(entry, people, events) for entry in history.entries],
        gaps=[_gap(gap) for gap in history.gaps],
        missing=missing_text(history),
        read_back=read_back_text(workflow.pk, history),
        events_until=history.events_until,
        starter=people.by_id.get(history.starter_id) if history.starter_id is not None else None,
        is_external=history.is_external,
        is_urgent=history.is_urgent,
        due=history.due,
    )


def event_detail_of(row: EventRow) -> EventDetail:
    """Return the content of the page of an event."""
    facts = event_from_json(row.facts)
    current = [
        task for task in facts.workflow.current_tasks() if facts.task is None or task.id != facts.task.id
    ]
    snapshots = [*([facts.task] if facts.task else ()), *current]
    people = _people([*facts.workflow.kickoff, *_outputs(snapshots)], _performers(snapshots))
    return EventDetail(
        title=str(row.get_kind_display()),
        facts=facts,
        status=_status(facts.workflow.status),
        kickoff=describe_outputs(facts.workflow.kickoff, people.by_id, people.groups),
        task=_snapshot_detail(facts.task, people) if facts.task else None,
        current=[
            _snapshot_detail(
                replace(task, performers=()) if is_waiting(task, facts.workflow.status) else task, people
            )
            for task in current
        ],
        is_read_back=isinstance(facts.kind, Seen),
    )


def _status(status: Status) -> str:
    return str(Workflow.State(status.value).label)


def _outputs(tasks: Iterable[TaskRound | TaskSnapshot]) -> Iterator[Output]:
    for task in tasks:
        yield from task.outputs


def _performers(tasks: Iterable[TaskRound | TaskSnapshot]) -> Iterator[Performer]:
    for task in tasks:
        yield from task.performers


@dataclass(frozen=True, slots=True)
class _People:
    """The users and groups of a page, by id."""

    by_id: Mapping[int, Person]
    groups: Mapping[int, Group]

    def name_of(self, performer: Performer) -> str:
        """Return the name of a performer."""
        found = self.groups if performer.is_group else self.by_id
        known = found.get(performer.id) if performer.id is not None else None
        return first_visible(performer.name).strip() or (known.name if known else _("Unknown user"))


def _people(
    outputs: Sequence[Output], performers: Iterable[Performer], also: Collection[int] = ()
) -> _People:
    """Return the users and groups that are answers, and the performers without a name."""
    nameless = [one for one in performers if one.id is not None and not first_visible(one.name)]
    people = people_in(outputs) | {one.id for one in nameless if one.id is not None and not one.is_group}
    groups = groups_in(outputs) | {one.id for one in nameless if one.id is not None and one.is_group}
    people |= set(also)
    return _People(by_id=resolve(people) if people else {}, groups=resolve_groups(groups) if groups else {})


def _task_detail(task: TaskRound, people: _People) -> TaskDetail:
    return TaskDetail(
        name=first_visible(task.name),
        number=task.number,
        round=task.round,
        description=task.description,
        performers=[people.name_of(one) for one in task.performers],
        answers=describe_outputs(task.outputs, people.by_id, people.groups),
        started_at=task.started_at,
        done_at=task.done_at,
    )


def _snapshot_detail(task: TaskSnapshot, people: _People) -> TaskDetail:
    return TaskDetail(
        name=first_visible(task.name),
        number=task.number,
        round=1,
        description=task.description,
        performers=[people.name_of(one) for one in task.performers],
        answers=describe_outputs(task.outputs, people.by_id, people.groups),
        started_at=task.date_started,
        done_at=task.date_completed,
    )


def _line(entry: HistoryEntry, people: _People, events: Mapping[str, tuple[int, str]]) -> TimelineEntry:
    event_id, event_kind = events.get(entry.content_hash or "", (None, ""))
    task = _task_detail(entry.task, people) if entry.task and _is_about_task(entry) else None
    doers = [people.by_id[id_].name for id_ in entry.doers]
    if task and entry.kind == HistoryEntryKind.TASK_DONE and set(doers) == set(task.performers):
        task = replace(task, performers=())  # the same names once more
    return TimelineEntry(
        kind=entry.kind.value,
        title=_title(entry),
        at=entry.at,
        event_id=event_id,
        is_inferred=entry.is_inferred,
        why=_why(entry, event_kind),
        task=task,
        doers=doers,
    )


def _is_about_task(entry: HistoryEntry) -> bool:
    """Return whether the line is about a single task."""
    return entry.last_number is None


def _title(entry: HistoryEntry) -> str:
    task, target = _task_name(entry.task), _task_name(entry.target)
    if entry.kind == HistoryEntryKind.TASK_RETURNED:
        if entry.task is None or entry.target is None:
            return _("Returned to %(task)s") % {"task": target or task}
        return _("Returned from %(task)s, to %(target)s") % {"task": task, "target": target}
    if entry.kind == HistoryEntryKind.TASK_DONE:
        return _passed(entry, task) if entry.is_inferred else _("%(task)s: completed") % {"task": task}
    titles = {
        HistoryEntryKind.STARTED: _("Workflow started"),
        HistoryEntryKind.TASK_CURRENT: _("%(task)s: in progress") % {"task": task},
        HistoryEntryKind.TASK_WAITING: _waiting(entry.task, task),
        HistoryEntryKind.TASK_LEFT: _("%(task)s: still open when the workflow ended") % {"task": task},
        HistoryEntryKind.SNOOZED: _("Workflow snoozed"),
        HistoryEntryKind.RESUMED: _("Workflow resumed"),
        HistoryEntryKind.COMPLETED: _("Workflow completed"),
        HistoryEntryKind.TERMINATED: _("Workflow terminated"),
        HistoryEntryKind.DELETED: _("Workflow deleted in Pneumatic"),
    }
    return titles[entry.kind]


def _waiting(task: TaskRound | None, name: str) -> str:
    """Return the title of a task that is snoozed or delayed."""
    until = task.waits_until if task is not None else None
    if until is None:
        return _("%(task)s: waiting") % {"task": name}
    words = {"task": name, "time": date_format(timezone.localtime(until), "DATETIME_FORMAT")}
    if until > clock.now():
        return _("%(task)s: waiting until %(time)s") % words
    return _("%(task)s: was to wait until %(time)s") % words


def _passed(entry: HistoryEntry, task: str) -> str:
    """Return the title of tasks that were passed without an event: completed or skipped."""
    first = entry.task.number if entry.task else None
    if entry.last_number is not None and first is not None and entry.last_number > first:
        return _("Steps %(first)s to %(last)s: completed or skipped") % {
            "first": first,
            "last": entry.last_number,
        }
    return _("%(task)s: completed or skipped") % {"task": task}


def _task_name(task: TaskRound | None) -> str:
    """Return "Step 2, Approve", or the known part of it; "a step" for an unknown task."""
    if task is None:
        return _("a step")
    return step_name(task.number, task.name)


def step_name(number: int | None, name: str) -> str:
    """Return "Step 2, Approve", or the known part of it."""
    name = first_visible(name)
    if number is None:
        return name or _("A step")
    if not name:
        return _("Step %(number)s") % {"number": number}
    return _("Step %(number)s, %(name)s") % {"number": number, "name": name}


def _why(entry: HistoryEntry, event_kind: str) -> str:
    """Return how an entry without its own event is known; '' where nothing needs an explanation."""
    if entry.is_indirect:
        return _why_indirect(entry, is_read_back=event_kind == Seen.WORKFLOW)
    if not entry.is_inferred:
        return ""
    if entry.kind == HistoryEntryKind.TASK_DONE:
        return _("Completion event missing. Later events show that the workflow passed it.")
    if entry.kind == HistoryEntryKind.STARTED:
        return _("Start event missing. Later events contain the start time.")
    if entry.kind == HistoryEntryKind.COMPLETED:
        return _("Completion event missing; inferred from the event of the last task.")
    if event_kind:
        return _(
            "Pneumatic sends no event for this. Inferred from a later event; it may have happened earlier."
        )
    return _("Event missing; inferred from other events.")


def _why_indirect(entry: HistoryEntry, *, is_read_back: bool) -> str:
    if entry.kind != HistoryEntryKind.TASK_DONE:
        return (
            _("Event missing; read from Pneumatic.")
            if is_read_back
            else _("Event missing; inferred from another event.")
        )
    if entry.at is None:
        return _("Completion event missing; read from Pneumatic. Time and answers unknown.")
    if is_read_back:
        return _("Completion event missing; read from Pneumatic. Answers unknown.")
    return _("Completion event missing; inferred from another event. Answers unknown.")


def _gap(gap: Gap) -> str:
    """Return a missing event as a sentence."""
    step = step_name(gap.number, gap.name)
    if gap.kind == GapKind.TASK and gap.last_number is not None and gap.number is not None:
        count = gap.last_number - gap.number + 1
        return ngettext(
            "Step %(first)s was passed, but its completion event is missing. It may have been skipped.",
            "Steps %(first)s to %(last)s were passed, but their completion events are missing. "
            "They may have been skipped.",
            count,
        ) % {"first": gap.number, "last": gap.last_number}
    sentences = {
        GapKind.START: _("The start event of the workflow is missing."),
        GapKind.TASK: _(
            "%(step)s was passed, but its completion event is missing. It may have been skipped."
        ),
        GapKind.RETURN: _("%(step)s was reopened, but its return event is missing."),
        GapKind.COMPLETION: _(
            "The workflow was completed and then continued, but the completion event is missing."
        ),
        GapKind.CONTRADICTION: _("Two events conflict. One of them is shown."),
    }
    if gap.kind == GapKind.RETURN and gap.number is None and not first_visible(gap.name):
        return _("The workflow was returned or continued after its end, but that event is missing.")
    return sentences[gap.kind] % {"step": step}

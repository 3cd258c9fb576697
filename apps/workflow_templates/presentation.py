"""The data of a template's page: users by name, terms and differences between versions as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.answers import field_label
from apps.core.people import Person, resolve
from apps.core.text.folding import fold
from apps.core.text.visible import first_visible
from apps.pneumatic.canonical.form_parts import in_parts
from apps.pneumatic.canonical.schemas import FieldDefinition, Fieldset, Kickoff, Task
from apps.workflow_templates import selectors
from apps.workflow_templates.models import Template, TemplateVersion
from apps.workflow_templates.rules import quoted_labels, rule_sentences
from apps.workflow_templates.versions import Change, compare
from apps.workflow_templates.words import default_text, duration, field_type, quoted

# Longer lists are collapsed after so many entries.
OPTIONS_SHOWN = 12
PEOPLE_SHOWN = 8
CHANGES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class FieldSummary:
    """A row of the table of fields; ``notes`` are sentences about default, limit and options."""

    title: str
    type: str
    definition: FieldDefinition
    folds_options: bool
    notes: list[str]


@dataclass(frozen=True, slots=True)
class FormPart:
    """A group of fields (fieldset), or fields that are in none; ``rules`` are sentences.

    ``title`` is '' for a group that has none.
    """

    fields: list[FieldSummary]
    is_group: bool = False
    title: str = ""
    description: str = ""
    rules: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FormDetail:
    """A kickoff form, its parts in display order."""

    description: str
    parts: list[FormPart]


@dataclass(frozen=True, slots=True)
class PeopleList:
    """Users sorted by name; ``folded`` are those that a long list hides at first."""

    shown: list[Person]
    folded: list[Person]

    def __len__(self) -> int:
        return len(self.shown) + len(self.folded)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task of the template; ``dynamic`` are sentences about performers that answers decide."""

    task: Task
    delay: str
    responsible: PeopleList
    dynamic: list[str]
    fields: list[FieldSummary]

    @property
    def has_performers(self) -> bool:
        """Return whether the task has performers."""
        return bool(
            self.task.is_starter_responsible
            or len(self.responsible)
            or self.dynamic
            or self.task.other_performers
        )

    @property
    def takes_all(self) -> bool | None:
        """Return whether all performers must complete it; None where there is only one."""
        named = len(self.responsible) + len(self.dynamic) + len(self.task.other_performers)
        performers = self.task.is_starter_responsible + named
        return True if self.task.require_completion_by_all else None if performers < 2 else False


@dataclass(frozen=True, slots=True)
class TemplateDetail:
    """All that the API reports about a template."""

    kickoff: FormDetail
    tasks: list[TaskRow]
    may_run: PeopleList
    updated_by: Person | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its first changes; ``more`` is the number of further changes."""

    version: TemplateVersion
    changes: list[Change]
    more: int = 0


def template_detail(template: Template) -> TemplateDetail:
    """Return the data of the page of ``template``; all users on it are resolved in one call."""
    kickoff = selectors.current_kickoff(template)
    tasks = selectors.tasks_of(template)
    may_run = selectors.run_allowed_ids(template)
    ids = {*may_run, *(id_ for task in tasks for id_ in task.responsible)}
    if template.updated_by_id is not None:
        ids.add(template.updated_by_id)
    people = resolve(ids)
    sources = _field_sources(kickoff, tasks)
    return TemplateDetail(
        kickoff=form_detail(kickoff),
        tasks=[_task_row(task, people=people, sources=sources, first=task is tasks[0]) for task in tasks],
        may_run=_people(may_run, people),
        updated_by=people.get(template.updated_by_id) if template.updated_by_id is not None else None,
    )


def form_detail(kickoff: Kickoff) -> FormDetail:
    """Return the data of a kickoff form for its page."""
    fieldsets = {fieldset.api_name: fieldset for fieldset in reversed(kickoff.fieldsets)}
    labels = quoted_labels(kickoff.fields)
    parts = in_parts(((field, field) for field in kickoff.fields), fieldsets)
    return FormDetail(
        description=kickoff.description,
        parts=[_form_part(fieldsets.get(name), fields, labels) for name, fields in parts],
    )


def _form_part(
    fieldset: Fieldset | None, fields: Iterable[FieldDefinition], labels: Mapping[str, str]
) -> FormPart:
    if fieldset is None:
        return FormPart(_field_rows(fields))
    return FormPart(
        fields=_field_rows(fields),
        is_group=True,
        title=first_visible(fieldset.title).strip(),
        description=fieldset.description,
        rules=rule_sentences(fieldset, labels),
    )


def version_history(template: Template, *, limit: int) -> list[VersionRow]:
    """Return the newest versions of the form with their changes, the newest first."""
    versions = selectors.recent_versions(template, limit=limit + 1)
    forms = [selectors.version_kickoff(version) for version in versions]
    rows = []
    for version, newer, older in zip(versions, forms, forms[1:], strict=False):
        changes = compare(older, newer)
        rows.append(VersionRow(version, changes[:CHANGES_SHOWN], more=len(changes[CHANGES_SHOWN:])))
    if versions and len(versions) <= limit:
        rows.append(VersionRow(versions[-1], []))
    return rows


def _field_rows(fields: Iterable[FieldDefinition]) -> list[FieldSummary]:
    return [
        FieldSummary(
            title=field_label(field.name, field.api_name),
            type=field_type(field.type),
            definition=field,
            folds_options=len(field.selections) > OPTIONS_SHOWN,
            notes=list(_notes(field)),
        )
        for field in fields
    ]


def _notes(field: FieldDefinition) -> Iterator[str]:
    if field.is_hidden:
        yield (_("Hidden: not shown, its default is sent.") if field.default else _("Hidden: not shown."))
    if field.default:
        yield _("Default: %(default)s") % {"default": default_text(field)}
    if field.max_length is not None:
        text = ngettext("At most %(limit)d character", "At most %(limit)d characters", field.max_length)
        yield text % {"limit": field.max_length}
    if field.options_unknown:
        yield _("Its options come from a data set that the API key cannot read.")


def _task_row(
    task: Task, *, people: Mapping[int, Person], sources: Mapping[str, str], first: bool
) -> TaskRow:
    return TaskRow(
        task=task,
        delay=_delay(task, first=first),
        responsible=_people(task.responsible, people),
        dynamic=[
            _("the user named in %(field)s")
            % {
                "field": sources.get(performer.api_name)
                or quoted(field_label(performer.name, performer.api_name))
            }
            for performer in task.dynamic_performers
        ],
        fields=_field_rows(task.fields),
    )


def _delay(task: Task, *, first: bool) -> str:
    if not task.delay:
        return ""
    words = {"time": duration(task.delay)}
    if first:
        return _("Starts %(time)s after the workflow is launched.") % words
    return _("Starts %(time)s after the previous task is completed.") % words


def _field_sources(kickoff: Kickoff, tasks: Iterable[Task]) -> dict[str, str]:
    """Return every field's name and its form or task, by api_name."""
    sources = {
        field.api_name: _("%(field)s of the task %(task)s")
        % {
            "field": quoted(field_label(field.name, field.api_name)),
            "task": quoted(first_visible(task.name) or str(task.number)),
        }
        for task in tasks
        for field in task.fields
    }
    for field in kickoff.fields:
        sources[field.api_name] = _("%(field)s of the kickoff form") % {
            "field": quoted(field_label(field.name, field.api_name))
        }
    return sources


def _people(ids: Iterable[int], people: Mapping[int, Person]) -> PeopleList:
    found = sorted(
        (people[id_] for id_ in dict.fromkeys(ids)), key=lambda person: (fold(person.name), person.id)
    )
    # A single further user takes no more room than the line that would hide them.
    at_once = PEOPLE_SHOWN + 1 if len(found) == PEOPLE_SHOWN + 1 else PEOPLE_SHOWN
    return PeopleList(shown=found[:at_once], folded=found[at_once:])

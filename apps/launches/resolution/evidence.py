"""Compare a launch with a workflow: template, name, start time and every answer.

Pure: no database. They match when nothing differs and nothing is missing. ``_COMPARISONS`` says how each type of answer
is compared; a type that is not in it never matches.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from django.utils.translation import gettext as _

from apps.core.answers import field_label
from apps.core.text.visible import first_visible
from apps.kickoff.fields import create
from apps.pneumatic.canonical.events import Output
from apps.pneumatic.canonical.schemas import Answer, FileValue, GroupValue, UserValue, Value

ELLIPSIS = "…"  # the end of a name that was too long
OPTION_SEPARATOR = ", "  # between options that the server writes as one text


class Fit(StrEnum):
    """The result of comparing one value."""

    MATCHES = "matches"
    DIFFERS = "differs"
    MISSING = "missing"  # no event contains it


@dataclass(frozen=True, slots=True)
class ExpectedWorkflow:
    """The workflow that a launch requested, which can have been started from ``since`` to ``until``.

    ``unread`` are the labels of stored answers that are not valid for their fields: they never match. The server
    replaces ``variables``, written as ``{{...}}``, in a name, and then cuts it to ``longest_name`` characters.
    """

    template_id: int
    name: str
    since: dt.datetime
    until: dt.datetime
    answers: tuple[Answer, ...] = ()
    unread: tuple[str, ...] = ()
    variables: frozenset[str] = frozenset()
    longest_name: int | None = None

    @property
    def literal_name(self) -> str | None:
        """The only name that the workflow can have; None where a variable leaves it open."""
        parts = self._name_parts()
        return self._cut(parts[0]) if len(parts) == 1 else None

    def name_matches(self, name: str) -> bool:
        """Return whether the server can have made ``name`` of the requested one."""
        reported, (first, *others) = _line(name), self._name_parts()
        if not others:
            return reported == self._cut(first)
        if not reported:
            return False
        # A variable at an end may be empty; the server then strips the blank next to it.
        if any(
            _is_made_of(first, others, text)
            for text in (reported, f" {reported}", f"{reported} ", f" {reported} ")
        ):
            return True
        # A cut name must begin as the requested one does.
        is_cut = len(reported) == self.longest_name and reported.endswith(ELLIPSIS)
        return is_cut and reported[:-1].startswith(first[: len(reported) - 1])

    def _name_parts(self) -> list[str]:
        """Return the fixed parts of the name, in order; between two of them is a variable."""
        if not self.variables:
            return [_line(self.name)]
        names = "|".join(map(re.escape, self.variables))
        return re.split(r"\{\{\s*(?:" + names + r")\s*\}\}", _line(self.name))

    def _cut(self, name: str) -> str:
        if self.longest_name is None or len(name) <= self.longest_name:
            return name
        return name[: self.longest_name - len(ELLIPSIS)] + ELLIPSIS


@dataclass(frozen=True, slots=True)
class ReportedWorkflow:
    """A workflow as its first events describe it."""

    template_id: int | None
    name: str
    started_at: dt.datetime | None
    kickoff: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerFit:
    """One answer as text: as submitted here, and as reported by events; "" for none."""

    label: str
    submitted: str
    reported: str
    fit: Fit

    @property
    def matches(self) -> bool:
        return self.fit is Fit.MATCHES


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of comparing a launch with a workflow."""

    template: Fit
    name: Fit
    time: Fit
    answers: tuple[AnswerFit, ...]

    @property
    def matches(self) -> bool:
        """Whether nothing differs and nothing is missing."""
        return self.score == 3 + len(self.answers)

    @property
    def answers_match(self) -> bool:
        """Whether every answer matches."""
        return all(answer.matches for answer in self.answers)

    @property
    def answers_matching(self) -> int:
        """How many answers match."""
        return sum(answer.matches for answer in self.answers)

    @property
    def is_possible(self) -> bool:
        """Whether it can be the launch's workflow.

        A user may have renamed it since, or an answer may be reported in another form; both at once are another one.
        """
        if Fit.DIFFERS in {self.template, self.time}:
            return False
        answers_differ = any(answer.fit is Fit.DIFFERS for answer in self.answers)
        return self.name is not Fit.DIFFERS or (bool(self.answers) and not answers_differ)

    @property
    def score(self) -> int:
        """How many values match; the page shows the highest first."""
        named = (self.template, self.name, self.time)
        return sum(fit is Fit.MATCHES for fit in (*named, *(answer.fit for answer in self.answers)))


def compare(expected: ExpectedWorkflow, reported: ReportedWorkflow) -> Comparison:
    """Return what matches, differs and is missing between a launch and a workflow."""
    return Comparison(
        template=_fit(reported.template_id, reported.template_id == expected.template_id),
        name=_fit(reported.name, expected.name_matches(reported.name)),
        time=_fit(
            reported.started_at,
            reported.started_at is not None and expected.since <= reported.started_at <= expected.until,
        ),
        answers=tuple(_answers(expected, reported.kickoff)),
    )


def _is_made_of(first: str, others: Sequence[str], text: str) -> bool:
    """Return whether ``text`` is ``first`` and then the others in order, with anything between them."""
    if not text.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(others[-1]) >= at and text.endswith(others[-1])


def _fit(value: object, matches: bool) -> Fit:
    if matches:
        return Fit.MATCHES
    return Fit.MISSING if value in (None, "") else Fit.DIFFERS


def _answers(expected: ExpectedWorkflow, outputs: Sequence[Output]) -> Iterable[AnswerFit]:
    outputs_by_name: dict[str, Output] = {}
    for output in outputs:
        outputs_by_name.setdefault(output.api_name, output)
    for answer in expected.answers:
        field = create(answer.field)
        given = outputs_by_name.pop(answer.field.api_name, None)
        reported_text = output_text(given) if given else ""
        matches = given is not None and is_same(answer, given)
        if given is not None and not matches:
            reported_text = distinct_text(answer.value, given)
        yield AnswerFit(
            field.label, str(field.describe(answer.value)), reported_text, _fit(reported_text, matches)
        )
    for label in expected.unread:
        yield AnswerFit(label, "", "", Fit.DIFFERS)
    # An answer that was not submitted belongs to another request.
    for output in outputs_by_name.values():
        if text := output_text(output):
            yield AnswerFit(field_label(output.name, output.api_name), "", text, Fit.DIFFERS)


def _by_labels(answer: Answer, output: Output) -> tuple[Value, Output]:
    """Return answer and output with texts of options instead of keys, where the output has not the keys of the form.

    So they are compared when the server was upgraded since, and for old releases of the current API, whose deliveries
    have no api_names. Keys of the documented API are numbers, and always the same.
    """
    labels = {selection.key: selection.label for selection in answer.field.selections}
    if not labels or all(key.isdigit() for key in labels) or _has_keys_of(labels, output):
        return answer.value, output
    value = answer.value
    if isinstance(value, str):
        value = labels.get(value, value)
    elif isinstance(value, tuple):
        value = tuple(labels.get(part, part) for part in value if isinstance(part, str))
    choices = tuple(replace(choice, key=choice.label) for choice in output.choices)
    return value, replace(output, choices=choices)


def _has_keys_of(labels: Mapping[str, str], output: Output) -> bool:
    """Return whether the options of ``output`` have the keys in ``labels``; a text may be the key of another option."""
    shared = [choice for choice in output.choices if choice.key in labels]
    return bool(shared) and all(labels[choice.key] == choice.label for choice in shared)


def is_same(answer: Answer, output: Output) -> bool:
    """Return whether ``output`` is the answer as Pneumatic reports it; False for a type that cannot be compared."""
    compare_values = _COMPARISONS.get(answer.field.type)
    return compare_values is not None and compare_values(*_by_labels(answer, output))


def output_text(output: Output) -> str:
    """Return an answer of an event as text; "" where there is none."""
    if output.files:
        return ", ".join(first_visible(file.name, file.id) for file in output.files)
    chosen = [first_visible(choice.label, choice.key) for choice in output.choices if choice.is_selected]
    if not chosen and not output.value.strip() and output.user_id is not None:
        return _("user %(id)s") % {"id": output.user_id}  # releases before 4.3 send no name
    return ", ".join(chosen) if chosen else output.value.strip()


def distinct_text(value: Value, output: Output, *, email: str = "") -> str:
    """Return ``output_text``, and more of a user or group with the name of the one that was chosen.

    That is the ``email`` of the user, where it is known and differs, or the id.
    """
    text = output_text(output)
    if not has_same_name(value, output):
        return text
    if output.user_id is None:
        return _("%(name)s (group %(id)s)") % {"name": text, "id": output.group_id}
    if email and not (isinstance(value, UserValue) and _is_alike(value.email, email)):
        return _("%(name)s (%(email)s)") % {"name": text, "email": email}
    return _("%(name)s (user %(id)s)") % {"name": text, "id": output.user_id}


def has_same_name(value: Value, output: Output) -> bool:
    """Return whether ``output`` has a user or group with the name of the one that was chosen."""
    if output.user_id is None and output.group_id is None:
        return False
    return isinstance(value, UserValue | GroupValue) and _is_alike(value.name, output_text(output))


def _is_alike(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _line(text: str) -> str:
    """Return ``text`` with the line ends and without the outer blanks that a server may change."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _same_text(value: Value, output: Output) -> bool:
    return isinstance(value, str) and _line(value) == _line(output.value)


def _same_choice(value: Value, output: Output) -> bool:
    return isinstance(value, str) and _chosen(output) == [value]


def _same_choices(value: Value, output: Output) -> bool:
    if not isinstance(value, tuple):
        return False
    submitted = [part for part in value if isinstance(part, str)]
    if sorted(_chosen(output)) == sorted(submitted):
        return True
    # One text of options that contain commas can be split in several ways.
    return bool(output.value) and sorted(output.value.split(OPTION_SEPARATOR)) == sorted(
        OPTION_SEPARATOR.join(submitted).split(OPTION_SEPARATOR)
    )


def _chosen(output: Output) -> list[str]:
    """Return the keys of the selected options; without a list of options, such as for a data set, the text."""
    if not output.choices and output.value:
        return [output.value]
    return [choice.key for choice in output.choices if choice.is_selected]


def _same_day(value: Value, output: Output) -> bool:
    """Compare days; of a timestamp, the date as written counts, in any time zone."""
    if not isinstance(value, dt.date):
        return False
    text = output.value.strip()
    try:
        return dt.datetime.fromisoformat(text).date() == value
    except ValueError:
        return False


def _same_number(value: Value, output: Output) -> bool:
    """Compare as numbers: the server may format them differently."""
    try:
        return isinstance(value, Decimal) and Decimal(output.value.strip()) == value
    except InvalidOperation:
        return False


def _same_user(value: Value, output: Output) -> bool:
    if isinstance(value, GroupValue):
        return output.group_id == value.id
    if not isinstance(value, UserValue) or output.group_id is not None:
        return False
    if output.user_id is not None:
        return output.user_id == value.id
    return output.value.strip() == str(value.id)


def _same_files(value: Value, output: Output) -> bool:
    if not isinstance(value, tuple):
        return False
    submitted = [part for part in value if isinstance(part, FileValue)]
    reported = output.files
    if not submitted or len(submitted) != len(reported):
        return False
    if sorted(file.id for file in submitted) == sorted(file.id for file in reported):
        return True
    if any(file.url for file in reported):
        return sorted(file.url for file in submitted) == sorted(file.url for file in reported)
    has_only_names = not any(file.id for file in reported)
    return has_only_names and sorted(file.name for file in submitted) == sorted(
        file.name for file in reported
    )


_COMPARISONS: Mapping[str, Callable[[Value, Output], bool]] = {
    "string": _same_text,
    "text": _same_text,
    "url": _same_text,
    "radio": _same_choice,
    "dropdown": _same_choice,
    "checkbox": _same_choices,
    "date": _same_day,
    "number": _same_number,
    "user": _same_user,
    "file": _same_files,
}

"""Whether a workflow that events tell of is the one that a launch asked for: template, name, time and every answer.

Pure: no database. A launch and a workflow *fit* when nothing differs and nothing is missing. How each type of answer
is compared is a table below; a type that is not in it never fits by itself.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from apps.kickoff.fields import create
from apps.pneumatic.canonical.events import Output
from apps.pneumatic.canonical.schemas import Answer, FileValue, GroupValue, UserValue, Value

CUT = "…"  # stands at the end of a name that was too long
JOINT = ", "  # between the options that the server writes as one text


class Fit(StrEnum):
    """What comparing one thing found."""

    FITS = "fits"
    DIFFERS = "differs"
    MISSING = "missing"  # the events do not tell it


@dataclass(frozen=True, slots=True)
class ExpectedWorkflow:
    """What a launch asked for, and when its workflow can have been made: from ``since`` to ``until``.

    ``unread`` are the labels of stored answers that are no answers to their fields (any more): they fit nothing.
    ``variables`` are what the server replaces in a name where they stand as ``{{...}}``; a name that is longer than
    ``longest_name`` then is cut.
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
        """Return the only name that the workflow can have got; None where that is not known beforehand."""
        parts = self._name_parts()
        return self._cut(parts[0]) if len(parts) == 1 else None

    def may_be_called(self, name: str) -> bool:
        """Say whether the server may have made ``name`` of ours."""
        told, (first, *others) = _line(name), self._name_parts()
        if not others:
            return told == self._cut(first)
        if not told:
            return False
        # A variable at an end may be empty; then the blank beside it went, too.
        if any(_is_made_of(first, others, text) for text in (told, f" {told}", f"{told} ", f" {told} ")):
            return True
        # What stands at the end may have been cut off: then all that is left of ours is how it begins.
        is_cut = len(told) == self.longest_name and told.endswith(CUT)
        return is_cut and told[:-1].startswith(first[: len(told) - 1])

    def _name_parts(self) -> list[str]:
        """Return what of the name stays as it is, in order; there is a variable between one part and the next."""
        if not self.variables:
            return [_line(self.name)]
        names = "|".join(map(re.escape, self.variables))
        return re.split(r"\{\{\s*(?:" + names + r")\s*\}\}", _line(self.name))

    def _cut(self, name: str) -> str:
        if self.longest_name is None or len(name) <= self.longest_name:
            return name
        return name[: self.longest_name - len(CUT)] + CUT


@dataclass(frozen=True, slots=True)
class ReportedWorkflow:
    """What events tell of a workflow's beginning."""

    template_id: int | None
    name: str
    started_at: dt.datetime | None
    kickoff: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerFit:
    """One answer, as it was given here and as the events tell it, in words; "" for none."""

    label: str
    ours: str
    theirs: str
    verdict: Fit

    @property
    def fits(self) -> bool:
        return self.verdict is Fit.FITS


@dataclass(frozen=True, slots=True)
class Comparison:
    """A launch beside a workflow."""

    template: Fit
    name: Fit
    time: Fit
    answers: tuple[AnswerFit, ...]

    @property
    def fits(self) -> bool:
        """Say whether nothing speaks against it."""
        return self.score == 3 + len(self.answers)

    @property
    def answers_fit(self) -> bool:
        """Say whether nothing speaks against the answers."""
        return all(fit.fits for fit in self.answers)

    @property
    def score(self) -> int:
        """Return how many things fit: what fits best comes first on the page."""
        named = (self.template, self.name, self.time)
        return sum(verdict is Fit.FITS for verdict in (*named, *(fit.verdict for fit in self.answers)))


def compare(wish: ExpectedWorkflow, told: ReportedWorkflow) -> Comparison:
    """Return what fits, differs and is missing between a launch and a workflow."""
    return Comparison(
        template=_verdict(told.template_id, told.template_id == wish.template_id),
        name=_verdict(told.name, wish.may_be_called(told.name)),
        time=_verdict(
            told.started_at,
            told.started_at is not None and wish.since <= told.started_at <= wish.until,
        ),
        answers=tuple(_answers(wish, told.kickoff)),
    )


def _is_made_of(first: str, others: Sequence[str], text: str) -> bool:
    """Say whether ``text`` is ``first`` and then the others in order, with anything between them."""
    if not text.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(others[-1]) >= at and text.endswith(others[-1])


def _verdict(value: object, fits: bool) -> Fit:
    if fits:
        return Fit.FITS
    return Fit.MISSING if value in (None, "") else Fit.DIFFERS


def _answers(wish: ExpectedWorkflow, outputs: Sequence[Output]) -> Iterable[AnswerFit]:
    told: dict[str, Output] = {}
    for output in outputs:
        told.setdefault(output.api_name, output)
    for answer in wish.answers:
        field = create(answer.field)
        given = told.pop(answer.field.api_name, None)
        theirs = _words(given) if given else ""
        compare_values = _COMPARISONS.get(answer.field.type)
        fits = given is not None and compare_values is not None and compare_values(answer.value, given)
        yield AnswerFit(field.label, str(field.describe(answer.value)), theirs, _verdict(theirs, fits))
    for label in wish.unread:
        yield AnswerFit(label, "", "", Fit.DIFFERS)
    # Somebody answered more than we sent: then it is another wish.
    for output in told.values():
        if words := _words(output):
            yield AnswerFit(output.name or output.api_name, "", words, Fit.DIFFERS)


def _words(output: Output) -> str:
    """Return an answer of an event as people read it; "" where there is none."""
    if output.files:
        return ", ".join(file.name or file.id for file in output.files)
    chosen = [choice.label or choice.key for choice in output.choices if choice.is_selected]
    return ", ".join(chosen) if chosen else output.value.strip()


def _line(text: str) -> str:
    """Return ``text`` as a server that trims it and writes its own ends of lines would tell it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _same_text(value: Value, output: Output) -> bool:
    return isinstance(value, str) and _line(value) == _line(output.value)


def _same_choice(value: Value, output: Output) -> bool:
    return isinstance(value, str) and _chosen(output) == [value]


def _same_choices(value: Value, output: Output) -> bool:
    if not isinstance(value, tuple):
        return False
    ours = [part for part in value if isinstance(part, str)]
    if sorted(_chosen(output)) == sorted(ours):
        return True
    # Written as one text, options whose own texts have commas may be read in several ways.
    return bool(output.value) and sorted(output.value.split(JOINT)) == sorted(JOINT.join(ours).split(JOINT))


def _chosen(output: Output) -> list[str]:
    return [choice.key for choice in output.choices if choice.is_selected]


def _same_day(value: Value, output: Output) -> bool:
    """Compare days; where the server made a moment of the day, its day as written counts, whatever the zone."""
    if not isinstance(value, dt.date):
        return False
    text = output.value.strip()
    try:
        return dt.datetime.fromisoformat(text).date() == value
    except ValueError:
        return False


def _same_number(value: Value, output: Output) -> bool:
    """Compare as numbers: the server writes some of them in another way."""
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
    ours = [part for part in value if isinstance(part, FileValue)]
    theirs = output.files
    if not ours or len(ours) != len(theirs):
        return False
    if sorted(file.id for file in ours) == sorted(file.id for file in theirs):
        return True
    if any(file.url for file in theirs):
        return sorted(file.url for file in ours) == sorted(file.url for file in theirs)
    is_told_by_name = not any(file.id for file in theirs)
    return is_told_by_name and sorted(file.name for file in ours) == sorted(file.name for file in theirs)


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

"""Whether a workflow that events tell of is the one that a launch asked for: template, name, time and every answer.

Pure: no database. A launch and a workflow *fit* when nothing differs and nothing is missing. How each type of answer
is compared is a table below; a type that is not in it never fits by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.kickoff.fields import create
from apps.pneumatic.events import Output
from apps.pneumatic.schemas import Answer, FileValue, UserValue, Value


class Verdict(StrEnum):
    """What comparing one thing found."""

    FITS = "fits"
    DIFFERS = "differs"
    MISSING = "missing"  # the events do not tell it


@dataclass(frozen=True, slots=True)
class Wish:
    """What a launch asked for, and when its workflow can have been made: from ``since`` to ``until``.

    ``unread`` are the labels of stored answers that are no answers to their fields (any more): they fit nothing.
    """

    template_id: int
    name: str
    since: dt.datetime
    until: dt.datetime
    answers: tuple[Answer, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
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
    verdict: Verdict

    @property
    def fits(self) -> bool:
        return self.verdict is Verdict.FITS


@dataclass(frozen=True, slots=True)
class Comparison:
    """A launch beside a workflow."""

    template: Verdict
    name: Verdict
    time: Verdict
    answers: tuple[AnswerFit, ...]

    @property
    def fits(self) -> bool:
        """Say whether nothing speaks against it."""
        return self.score == 3 + len(self.answers)

    @property
    def score(self) -> int:
        """Return how many things fit: what fits best comes first on the page."""
        named = (self.template, self.name, self.time)
        return sum(verdict is Verdict.FITS for verdict in (*named, *(fit.verdict for fit in self.answers)))


def compare(wish: Wish, told: Told) -> Comparison:
    """Return what fits, differs and is missing between a launch and a workflow."""
    return Comparison(
        template=_verdict(told.template_id, told.template_id == wish.template_id),
        name=_verdict(told.name, _line(told.name) == _line(wish.name)),
        time=_verdict(
            told.started_at,
            told.started_at is not None and wish.since <= told.started_at <= wish.until,
        ),
        answers=tuple(_answers(wish, told.kickoff)),
    )


def _verdict(value: object, fits: bool) -> Verdict:
    if fits:
        return Verdict.FITS
    return Verdict.MISSING if value in (None, "") else Verdict.DIFFERS


def _answers(wish: Wish, outputs: Sequence[Output]) -> Iterable[AnswerFit]:
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
        yield AnswerFit(label, "", "", Verdict.DIFFERS)
    # Somebody answered more than we sent: then it is another wish.
    for output in told.values():
        if words := _words(output):
            yield AnswerFit(output.name or output.api_name, "", words, Verdict.DIFFERS)


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
    return isinstance(value, tuple) and sorted(_chosen(output)) == sorted(map(str, value))


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


def _same_user(value: Value, output: Output) -> bool:
    return isinstance(value, UserValue) and output.value.strip() == str(value.id)


def _same_files(value: Value, output: Output) -> bool:
    if not isinstance(value, tuple):
        return False
    ours = sorted(part.id for part in value if isinstance(part, FileValue))
    return bool(ours) and ours == sorted(file.id for file in output.files)


_COMPARISONS: Mapping[str, Callable[[Value, Output], bool]] = {
    "string": _same_text,
    "text": _same_text,
    "url": _same_text,
    "radio": _same_choice,
    "dropdown": _same_choice,
    "checkbox": _same_choices,
    "date": _same_day,
    "user": _same_user,
    "file": _same_files,
}

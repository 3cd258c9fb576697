"""Answers of forms as people read them: labels of choices, names of people, links, days as the reader writes them.

``kickoff`` shows what was typed here; this shows what Pneumatic tells. Neither may import the other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.core.identifiers import read_number
from apps.core.people import Group, Person
from apps.pneumatic.canonical.events import FileLink, Output

_SCHEMES = frozenset({"http", "https"})
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A piece of an answer; ``url`` makes it a link, ``note`` stands beside it."""

    text: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answered field; no parts where nothing was answered."""

    label: str
    parts: tuple[AnswerPart, ...] = ()


def people_in(outputs: Iterable[Output]) -> set[int]:
    """Return the ids of the people who are answers."""
    numbers = (_user_id(output) for output in outputs if output.type == "user")
    return {number for number in numbers if number is not None}


def groups_in(outputs: Iterable[Output]) -> set[int]:
    """Return the ids of the groups that are answers."""
    return {output.group_id for output in outputs if output.group_id is not None}


def answers_of(
    outputs: Iterable[Output], people: Mapping[int, Person], groups: Mapping[int, Group]
) -> tuple[LabelledAnswer, ...]:
    """Return the answers in the order in which they came."""
    return tuple(
        LabelledAnswer(
            label=output.name.strip() or output.api_name or _("Field without a name"),
            parts=_parts(output, people, groups),
        )
        for output in outputs
    )


def web_address(url: str) -> str:
    """Return ``url`` when it leads to a page of the web; "" for anything else that a link could do."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme.lower() in _SCHEMES and parts.netloc else ""


def _parts(
    output: Output, people: Mapping[int, Person], groups: Mapping[int, Group]
) -> tuple[AnswerPart, ...]:
    if output.files:
        return tuple(map(_file, output.files))
    if output.choices:
        chosen = tuple(
            AnswerPart(choice.label or choice.key) for choice in output.choices if choice.is_selected
        )
        return chosen or _text(output.value)
    if output.type == "user":
        return _person(output, people) if output.group_id is None else _group(output, groups)
    if output.type == "date":
        return _text(_day(output.value))
    if output.type == "url" and (url := web_address(output.value)):
        return (AnswerPart(output.value, url=url),)
    return _text(output.value)


def _text(value: str) -> tuple[AnswerPart, ...]:
    return (AnswerPart(value),) if value.strip() else ()


def _file(file: FileLink) -> AnswerPart:
    url = web_address(file.url)
    name = file.name or _("File without a name")
    return AnswerPart(
        name, url=url, note="" if url else _("(its address is no web address, so there is no link)")
    )


def _user_id(output: Output) -> int | None:
    """Return who an answer is; None for a group, and for what names nobody."""
    if output.user_id is not None or output.group_id is not None:
        return output.user_id
    return read_number(output.value)


def _person(output: Output, people: Mapping[int, Person]) -> tuple[AnswerPart, ...]:
    number = _user_id(output)
    person = people.get(number) if number is not None else None
    if person is None or (person.status == "unknown" and output.user_id is not None and output.value.strip()):
        return _text(output.value)  # a name, or what nobody can be found by
    notes = {
        "inactive": _("(deactivated in Pneumatic)"),
        "removed": _("(no longer in Pneumatic)"),
        "unknown": _("(not synced)"),
    }
    return (AnswerPart(person.name, note=notes.get(person.status, "")),)


def _group(output: Output, groups: Mapping[int, Group]) -> tuple[AnswerPart, ...]:
    group = groups.get(output.group_id) if output.group_id is not None else None
    name = output.value.strip() or (group.name if group else "")
    note = _("(group, no longer in Pneumatic)") if group and group.status == "removed" else _("(group)")
    return (AnswerPart(name, note=note),)


def _day(value: str) -> str:
    """Return a day as the reader writes it; what is no day stays as it came."""
    text = value.strip()[:10]  # a time behind it would be midnight: the field asks for a day
    if not _ISO_DAY.fullmatch(text):
        return value
    try:
        return date_format(dt.date.fromisoformat(text), "DATE_FORMAT")
    except ValueError:
        return value

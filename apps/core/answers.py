"""Answers of forms as people read them: labels of options, names, links, days as the reader writes them.

``kickoff.fields`` shows what was typed, ``workflows.presentation.outputs`` what Pneumatic reports. Both choose among
the functions below, and ``{% answer %}`` of the ``dash`` tags shows the result. Nothing here knows field types or
payloads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.days import read_day
from apps.core.people import Group, Person
from apps.core.text.visible import first_visible, is_blank

_SCHEMES = frozenset({"http", "https"})

# What a status other than "active" reads like.
_BADGES: Mapping[str, str | Promise] = {
    "invited": gettext_lazy("invited"),
    "inactive": gettext_lazy("deactivated"),
    "guest": gettext_lazy("guest"),
    "personal": gettext_lazy("substitutes"),
    "removed": gettext_lazy("no longer in Pneumatic"),
    "unknown": gettext_lazy("not synced"),
}


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A piece of an answer; ``url`` is http(s) or empty, ``note`` follows the text, ``badge`` is a warning."""

    text: str
    url: str = ""
    note: str = ""
    badge: str = ""


@dataclass(frozen=True, slots=True)
class AnswerText:
    """An answer as people read it; without parts when nothing was answered."""

    parts: tuple[AnswerPart, ...] = ()

    def __str__(self) -> str:
        return ", ".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """The name of a field and its answer."""

    label: str
    answer: AnswerText = AnswerText()


def safe_link(url: str) -> str:
    """Return ``url`` without the blanks around it if a page may link to it (http or https, with a host), else ""."""
    url = url.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in _SCHEMES and parts.hostname else ""


def field_label(name: str, api_name: str) -> str:
    """Return the name of a field; its API name, then a placeholder, where nothing of it can be seen."""
    return first_visible(name.strip(), api_name) or _("Unnamed field")


def day_text(day: dt.date | str) -> str:
    """Return a day as the reader writes it; a text that does not start with YYYY-MM-DD stays as it is."""
    if isinstance(day, str):
        found = read_day(day.strip()[:10])  # a time after it would be midnight: the field asks for a day
        if found is None:
            return day
        day = found
    return date_format(day, "DATE_FORMAT")


def text_answer(text: str) -> AnswerText:
    """Return a text as an answer; blanks alone are none."""
    return AnswerText() if is_blank(text) else AnswerText((AnswerPart(text),))


def link_part(url: str) -> AnswerPart:
    """Return a web address, as a link where it is safe to follow."""
    return AnswerPart(url, url=safe_link(url))


def file_part(name: str, url: str, *, size: int | None = None) -> AnswerPart:
    """Return a file with its size in bytes, as a link where that is safe to follow."""
    link = safe_link(url)
    notes = [] if size is None else [filesizeformat(size)]
    if not link:
        notes.append(_("no link: the file has no web address"))
    return AnswerPart(first_visible(name) or _("Unnamed file"), url=link, note=", ".join(notes))


def option_part(label: str, *, is_offered: bool = True) -> AnswerPart:
    """Return a chosen option; a note says when the form does not offer it."""
    text = first_visible(label) or _("Unnamed option")
    return AnswerPart(text, note="" if is_offered else _("not among the options of this version"))


def person_part(person: Person) -> AnswerPart:
    """Return a person: the e-mail address follows the name, a badge warns of any status but "active"."""
    name = first_visible(person.name, person.email) or _("User %(id)s") % {"id": person.id}
    return AnswerPart(name, note=person.email if person.email != name else "", badge=status_badge(person))


def group_part(group: Group) -> AnswerPart:
    """Return a group of users; a badge warns when it was removed or is no possible answer."""
    badge = status_badge(group) if group.status in {"removed", "personal"} else ""
    name = first_visible(group.name) or _("Group %(id)s") % {"id": group.id}
    return AnswerPart(name, note=_("group"), badge=badge)


def status_badge(one: Person | Group) -> str:
    """Return the warning for a status other than "active", or ""."""
    return str(_BADGES.get(one.status, ""))

"""What Django admin shows of rows: words instead of icons, names of users, "ID" instead of "Id".

``{% load admin_rows %}`` has the filters of its lists.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from django import template
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.db.models import BooleanField, Field, Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.text.visible import first_visible

if TYPE_CHECKING:
    from django.contrib.auth.models import (
        AbstractUser,
    )  # Django admin selects its site before it loads models

EMPTY = "–"  # noqa: RUF001 - as other pages

Column = Callable[[Any], object]

register = template.Library()

CHECKBOX = "action-checkbox"


@register.filter
def labelled(cells: Iterable[SafeString], headers: Iterable[Mapping[str, Any]]) -> list[SafeString]:
    """Return the cells of a row, ``<td…>`` or ``<th…>`` as Django renders them, each with the heading of its column."""
    return [
        cell
        if CHECKBOX in header["class_attrib"]
        else format_html(
            '{} data-label="{}"{}', SafeString(cell[:3]), capfirst(header["text"]), SafeString(cell[3:])
        )
        for cell, header in zip(cells, headers, strict=True)
    ]


@register.filter
def counted(rows: ChangeList) -> str:
    """Return the number of rows with their name; "more than" where they were counted up to a limit."""
    count, limit = rows.result_count, getattr(rows.paginator, "MAX_ROWS", None)
    name = str(rows.opts.verbose_name if count == 1 else rows.opts.verbose_name_plural)
    if limit is not None and count > limit:
        return gettext("more than %(limit)s %(rows)s") % {"limit": f"{limit:,}", "rows": name}
    return f"{count:,} {name}"


@cache
@cache
def column(label: str, name: str) -> Column | str:
    """Return what Django admin shows in place of a field of the model ``label``; ``name`` where its own way is good."""
    field = next((field for field in apps.get_model(label)._meta.concrete_fields if field.name == name), None)
    if isinstance(field, BooleanField):
        return in_place_of(field, lambda row: yes_or_no(getattr(row, name)))
    if field is not None and field.primary_key and not field.is_relation:
        return in_place_of(field, lambda row: getattr(row, name), words=_("ID"))
    if field is not None and field.related_model is get_user_model():
        return in_place_of(field, lambda row: person(getattr(row, name)))
    return name


def yes_or_no(value: bool | None) -> str | None:
    """Return a word; None where it is unknown."""
    if value is None:
        return None
    return gettext("Yes") if value else gettext("No")


def person(user: AbstractUser | None) -> str | None:
    """Return the name of a user of the dashboard as other pages show it; None for no user."""
    return None if user is None else first_visible(user.get_full_name(), user.get_username())


def timestamp(at: dt.datetime | None) -> SafeString | str:
    """Return a time as other pages show it; a dash for no time."""
    if at is None:
        return EMPTY
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "DATETIME_FORMAT"),
    )


def in_place_of(field: Field[Any, Any], show: Column, *, words: Promise | None = None) -> Column:
    """Return a column that has the name and the order of ``field`` and shows what ``show`` returns for a row."""

    return _named(show, field.name, words or field.verbose_name, ordering=field.name)


def filled(method: Column) -> Column:
    """Return a column that shows a dash where a method returns nothing: Django's pages show "None"."""
    return _named(method, method.__name__, getattr(method, "short_description", None))


def _named(show: Column, name: str, words: Any, *, ordering: str | None = None) -> Column:
    @admin.display(description=words, ordering=ordering)
    def shown(row: Model) -> object:
        value = show(row)
        return EMPTY if value is None or value == "" else value

    shown.__name__ = name  # of the column's class in the page
    return shown

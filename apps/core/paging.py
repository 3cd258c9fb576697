"""Pages of long lists: the cost of a page depends on neither its number nor the size of the table.

A page begins after (or ends before) the ordering values of a row, instead of skipping rows that the database
would have to read first; and it asks for one row more than it shows, instead of counting all of them. So rows
that appear or vanish meanwhile shift nothing: walking on shows every other row exactly once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldError, ValidationError
from django.db import connections
from django.db.models import Expression, F, Field, Model, Q, QuerySet
from django.db.models.expressions import Combinable, OrderBy
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)

# A cursor with longer values (a name of 5,000 characters) holds the row's key instead: addresses are limited.
MAX_CURSOR_CHARACTERS = 600
AFTER, BEFORE = "after", "before"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some consecutive rows of a list, and the addresses of its neighbours ('' where there is none)."""

    items: list[Row]
    next_url: str = ""
    previous_url: str = ""

    @property
    def has_next(self) -> bool:
        return bool(self.next_url)

    @property
    def has_previous(self) -> bool:
        return bool(self.previous_url)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class _Key:
    """One column of the ordering; ``name`` is both a lookup and an attribute of every row."""

    name: str
    field: Field[Any, Any]
    descending: bool
    nullable: bool
    nulls_first: bool

    def order(self, *, backwards: bool) -> OrderBy:
        descending = self.descending is not backwards
        if not self.nullable:
            return OrderBy(F(self.name), descending=descending)
        nulls_first = self.nulls_first is not backwards
        return OrderBy(
            F(self.name),
            descending=descending,
            nulls_first=nulls_first or None,
            nulls_last=not nulls_first or None,
        )

    def equal(self, value: Any) -> Q:
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value: Any, *, backwards: bool, or_equal: bool = False) -> Q | None:
        """Return the condition for rows that come later, or None when none can."""
        nulls_first = self.nulls_first is not backwards
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if nulls_first else None
        lookup = "lt" if self.descending is not backwards else "gt"
        condition = Q(**{f"{self.name}__{lookup}{'e' if or_equal else ''}": value})
        if self.nullable and not nulls_first:
            condition |= Q(**{f"{self.name}__isnull": True})
        return condition


def page(queryset: QuerySet[Row], request: HttpRequest, *, per_page: int = 50) -> Page[Row]:
    """Return the page of ``queryset`` that the query string names, or the first one.

    The order is the queryset's own (or its model's), made total by the primary key. Its columns may be the
    model's, annotations, expressions, or reach over a relation; ascending, descending, and with empty values.
    """
    queryset, keys = _keyed(queryset)
    ordered = queryset.order_by(*(key.order(backwards=False) for key in keys))
    rows: list[Row] | None = None

    if (cursor := _read_cursor(queryset, keys, request.GET.get(AFTER))) is not None:
        rows = list(ordered.filter(_beyond(keys, cursor, backwards=False))[: per_page + 1])
        if rows:
            return _build(request, keys, rows[:per_page], has_previous=True, has_next=len(rows) > per_page)
    elif (cursor := _read_cursor(queryset, keys, request.GET.get(BEFORE))) is not None:
        reverse = queryset.order_by(*(key.order(backwards=True) for key in keys))
        rows = list(reverse.filter(_beyond(keys, cursor, backwards=True))[: per_page + 1])
        if len(rows) > per_page:
            return _build(request, keys, rows[per_page - 1 :: -1], has_previous=True, has_next=True)
        # The beginning is near: show a whole first page rather than the few rows before the cursor.

    rows = list(ordered[: per_page + 1])
    return _build(request, keys, rows[:per_page], has_previous=False, has_next=len(rows) > per_page)


def _build(
    request: HttpRequest, keys: Sequence[_Key], items: list[Row], *, has_previous: bool, has_next: bool
) -> Page[Row]:
    def url(parameter: str, row: Row) -> str:
        query = request.GET.copy()
        query.pop(AFTER, None)
        query.pop(BEFORE, None)
        query[parameter] = _write_cursor(keys, row)
        return f"{request.path}?{query.urlencode()}"

    return Page(
        items=items,
        next_url=url(AFTER, items[-1]) if has_next else "",
        previous_url=url(BEFORE, items[0]) if has_previous else "",
    )


def _beyond(keys: Sequence[_Key], values: Sequence[Any], *, backwards: bool) -> Q:
    """Return the condition for rows after ``values`` in lexicographic order."""
    condition = Q(pk__in=[])
    same = Q()
    for key, value in zip(keys, values, strict=True):
        further = key.beyond(value, backwards=backwards)
        if further is not None:
            condition |= same & further
        same &= key.equal(value)
    # Says nothing new, but lets the database seek in an index on the first column.
    start = keys[0].beyond(values[0], backwards=backwards, or_equal=True)
    return condition if values[0] is None or start is None else start & condition


def _keyed(queryset: QuerySet[Row]) -> tuple[QuerySet[Row], list[_Key]]:
    """Return the queryset with every column of its order at hand, and the columns."""
    query = queryset.query
    ordering = query.order_by or (query.get_meta().ordering if query.default_ordering else ()) or ()
    nulls_sort_first = connections[queryset.db].features.order_by_nulls_first
    keys: list[_Key] = []
    for position, item in enumerate([*ordering, "pk"]):
        expression, descending, nulls_first = _parse(item, nulls_sort_first=bool(nulls_sort_first))
        name = str(getattr(expression, "name", "")) if isinstance(expression, F) else ""
        column = _own_column(queryset, name)
        if column is not None:
            keys.append(_Key(column.attname, column, descending, column.null, nulls_first))
        elif name in queryset.query.annotations:
            field = queryset.query.annotations[name].output_field
            keys.append(_Key(name, field, descending, True, nulls_first))
        else:
            alias = f"_order_{position}"
            queryset = queryset.annotate(**{alias: expression})
            field = queryset.query.annotations[alias].output_field
            keys.append(_Key(alias, field, descending, True, nulls_first))
        if column is not None and column.primary_key:
            break
    return queryset, keys


def _parse(item: Any, *, nulls_sort_first: bool) -> tuple[Expression | F, bool, bool]:
    """Return an entry's expression, whether it descends, and whether empty values come first."""
    if isinstance(item, str):
        if item == "?":
            raise FieldError("A random order has no pages.")
        item = OrderBy(F(item.removeprefix("-")), descending=item.startswith("-"))
    elif isinstance(item, Combinable) and not isinstance(item, OrderBy):
        item = OrderBy(item)  # type: ignore[arg-type] # every Combinable in an ordering is an expression
    nulls_first = nulls_sort_first is not item.descending
    if item.nulls_first or item.nulls_last:
        nulls_first = bool(item.nulls_first)
    return item.expression, item.descending, nulls_first


def _own_column(queryset: QuerySet[Row], name: str) -> Field[Any, Any] | None:
    if name == "pk":
        return queryset.model._meta.pk
    for field in queryset.model._meta.concrete_fields:
        if name in {field.name, field.attname}:
            return field
    return None


def _write_cursor(keys: Sequence[_Key], row: Model) -> str:
    values = [_plain(getattr(row, key.name)) for key in keys]
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return text if len(text.encode()) <= MAX_CURSOR_CHARACTERS else json.dumps({"pk": values[-1]})


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value


def _read_cursor(queryset: QuerySet[Row], keys: Sequence[_Key], text: str | None) -> list[Any] | None:
    """Return the ordering values in ``text``; None when it is no cursor of this list."""
    if not text or len(text) > MAX_CURSOR_CHARACTERS or "\x00" in text:
        return None
    try:
        text.encode()
        data = json.loads(text)
        if isinstance(data, dict):
            pk = keys[-1].field.to_python(data["pk"])
            found = queryset.filter(pk=pk).values_list(*(key.name for key in keys)).first()
            return list(found) if found else None
        if not isinstance(data, list) or len(data) != len(keys):
            return None
        return [_value(key, item) for key, item in zip(keys, data, strict=True)]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, ValidationError):
        return None


def _value(key: _Key, item: Any) -> Any:
    if item is None:
        if not key.nullable:
            raise ValueError("This column has no empty values.")
        return None
    if isinstance(item, list | dict):
        raise TypeError("A cursor holds plain values.")
    value = key.field.to_python(item)
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("No text holds a null character.")
        value.encode()
    return value


__all__ = ["Page", "page"]

"""Write many rows for little more than what SQL costs.

``bulk_create`` prepares each value of each row through half a dozen calls, and cuts the rows into many statements on
SQLite. Where thousands of rows a second are written, that is most of the work. Here each column has its one way to the
database. SQLite runs one prepared statement for each row; PostgreSQL copies new rows, and takes many in one statement
where some may be there already.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any

import orjson
from django.db import connection, models

TOGETHER = 200  # rows in a statement

Field = Any  # of a model: Django's own types do not say what holds a column
Way = Callable[[Any], Any]


def insert(rows: Sequence[models.Model], *, unique: str = "", update: Collection[str] = ()) -> None:
    """Insert ``rows`` of one model; where one has the same ``unique`` column, write its ``update`` columns.

    Rows without a primary key get one in the database, but are not told which. No signals are sent.
    """
    if not rows:
        return
    names, values, ways = _columns(type(rows[0]))
    table = f"{connection.ops.quote_name(rows[0]._meta.db_table)} ({', '.join(names)})"
    into, place = f"INSERT INTO {table} VALUES ", f"({', '.join(['%s'] * len(names))})"  # noqa: S608
    end = _conflict(type(rows[0]), unique, update) if update else ""
    ready = _ready(ways, map(values, rows))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and not end:
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in ready:
                    copy.write_row(row)
        elif connection.vendor == "postgresql":
            for some in (ready[start : start + TOGETHER] for start in range(0, len(ready), TOGETHER)):
                cursor.execute(
                    f"{into}{', '.join([place] * len(some))}{end}", list(chain.from_iterable(some))
                )
        else:
            cursor.executemany(f"{into}{place}{end}", ready)


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set the columns ``names`` of rows of ``model``; each of ``rows`` is the new values and then the primary key."""
    if not rows:
        return
    meta = model._meta
    key = meta.pk
    changed = [meta.get_field(name) for name in names]
    table = connection.ops.quote_name(meta.db_table)
    each = ", ".join(f"{_quoted(field)} = %s" for field in changed)
    all_ = ", ".join(f"{_quoted(field)} = new.{_quoted(field)}" for field in changed)
    fields = [*changed, key]
    alias = f"new ({', '.join(_quoted(field) for field in fields)})"
    ready = _ready([_way(field) for field in fields], rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE {table} SET {all_} FROM {_together(fields)} AS {alias}"  # noqa: S608
                f" WHERE {table}.{_quoted(key)} = new.{_quoted(key)}",
                [list(column) for column in zip(*ready, strict=True)],
            )
        else:
            cursor.executemany(f"UPDATE {table} SET {each} WHERE {_quoted(key)} = %s", ready)  # noqa: S608


@cache
def _columns(model: type[models.Model]) -> tuple[list[str], Callable[[models.Model], Any], list[Way | None]]:
    """Return the columns of a new row, and how its values are had and made ready."""
    fields = [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]
    values = attrgetter(*(field.attname for field in fields))
    return [_quoted(field) for field in fields], values, [_way(field) for field in fields]


def _conflict(model: type[models.Model], unique: str, names: Collection[str]) -> str:
    columns = [_quoted(model._meta.get_field(name)) for name in names]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return f" ON CONFLICT ({_quoted(model._meta.get_field(unique))}) DO UPDATE SET {changes}"


def _ready(ways: Sequence[Way | None], rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return the values of ``rows`` as the database driver wants them."""
    return [[way(value) if way else value for way, value in zip(ways, row, strict=True)] for row in rows]


def _together(fields: Sequence[Field]) -> str:
    """Return the table that PostgreSQL makes of an array for each column."""
    return f"unnest({', '.join(f'%s::{field.db_type(connection)}[]' for field in fields)})"


def _quoted(field: Field) -> str:
    return connection.ops.quote_name(field.column)


def as_json(value: Any) -> str:
    """Return ``value`` as compact JSON; its texts have to be storable, as the gateway makes them."""
    return orjson.dumps(value).decode()


def from_json(text: str) -> Any:
    """Return what a JSON column says that was read as text: where many are read, that takes a third of the time."""
    return orjson.loads(text)


def _way(field: Field) -> Way | None:
    """Return what a value of ``field`` becomes on its way to the database; None for "as it is"."""
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else as_json(value)
    if isinstance(field, models.DateTimeField):
        return lambda value: connection.ops.adapt_datetimefield_value(value)  # of this thread's connection
    if field.choices:
        return _plain
    if isinstance(field, models.CharField | models.TextField | models.IntegerField | models.BooleanField):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)

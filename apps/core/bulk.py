"""Write many rows at a cost close to that of the SQL alone.

``bulk_create`` prepares each value of each row through half a dozen calls, and cuts the rows into many statements on
SQLite. Where thousands of rows a second are written, that is most of the work. Here each column has one converter.
SQLite runs one prepared statement for each row. PostgreSQL gets new rows by COPY and others as one JSON document,
because psycopg would parse a statement with a placeholder for each value every time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import orjson
from django.db import connection, models

Field = Any  # of a model: Django's types do not distinguish fields that have a column
Converter = Callable[[Any], Any]


def insert(rows: Sequence[models.Model], *, unique: str = "", update: Collection[str] = ()) -> None:
    """Insert ``rows`` of one model; where one has the same ``unique`` column, write its ``update`` columns.

    Rows without a primary key get one in the database; the objects are not updated with it. No signals are sent.
    """
    if not rows:
        return
    fields, values = _columns(type(rows[0]))
    table = f"{_table(type(rows[0]))} ({', '.join(map(_quoted, fields))})"
    end = _conflict(type(rows[0]), unique, update) if update else ""
    raw = list(map(values, rows))
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            place = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} VALUES ({place}){end}", _ready(fields, raw))
        elif end:
            source, document = _together(fields, raw)
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {source}{end}", [document])
        else:
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in _ready(fields, raw):
                    copy.write_row(row)


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set the columns ``names`` of rows of ``model``; each of ``rows`` is the new values and then the primary key."""
    if not rows:
        return
    meta = model._meta
    key = _quoted(meta.pk)
    changed = [meta.get_field(name) for name in names]
    fields = [*changed, meta.pk]
    table = _table(model)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            each = ", ".join(f"{_quoted(field)} = %s" for field in changed)
            cursor.executemany(f"UPDATE {table} SET {each} WHERE {key} = %s", _ready(fields, rows))
        else:
            source, document = _together(fields, rows)
            all_ = ", ".join(f"{_quoted(field)} = new.{_quoted(field)}" for field in changed)
            cursor.execute(
                f"UPDATE {table} SET {all_} FROM {source} WHERE {table}.{key} = new.{key}",
                [document],
            )


@cache
def _columns(model: type[models.Model]) -> tuple[list[Field], Callable[[models.Model], Any]]:
    """Return the columns of a new row, and the function that reads their values."""
    fields = [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]
    return fields, attrgetter(*(field.attname for field in fields))


def _conflict(model: type[models.Model], unique: str, names: Collection[str]) -> str:
    columns = [_quoted(model._meta.get_field(name)) for name in names]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return f" ON CONFLICT ({_quoted(model._meta.get_field(unique))}) DO UPDATE SET {changes}"


def _ready(fields: Sequence[Field], rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return the values of ``rows`` converted for the database driver."""
    converters = [_converter(field) for field in fields]
    return [
        [convert(value) if convert else value for convert, value in zip(converters, row, strict=True)]
        for row in rows
    ]


def _together(fields: Sequence[Field], rows: Iterable[Sequence[Any]]) -> tuple[str, str]:
    """Return the expression for the table ``new`` that PostgreSQL builds from one parameter, and that parameter."""
    names = [field.column for field in fields]
    columns = ", ".join(f"{_quoted(field)} {field.db_type(connection)}" for field in fields)
    document = as_json([dict(zip(names, row, strict=True)) for row in rows])
    return f"jsonb_to_recordset(%s) AS new ({columns})", document


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _quoted(field: Field) -> str:
    return connection.ops.quote_name(field.column)


def as_json(value: Any) -> str:
    """Return ``value`` as compact JSON; its texts must be storable (the gateway ensures it)."""
    return orjson.dumps(value).decode()


def from_json(text: str) -> Any:
    """Return the value of a JSON column that was read as text; three times as fast as Django's decoding."""
    return orjson.loads(text)


@cache
def _converter(field: Field) -> Converter | None:
    """Return the converter of values of ``field`` for the database; None where they stay unchanged."""
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else as_json(value)
    if isinstance(field, models.DateTimeField):
        return lambda value: connection.ops.adapt_datetimefield_value(value)  # with this thread's connection
    if field.choices:
        return _plain
    if isinstance(field, models.CharField | models.TextField | models.IntegerField | models.BooleanField):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)

"""Write many rows at a cost close to that of the SQL alone.

``bulk_create`` prepares each value of each row through half a dozen calls, and cuts the rows into many statements on
SQLite. Where thousands of rows a second are written, that is most of the work. Here each column has one converter.
SQLite runs one prepared statement for each row. PostgreSQL gets new rows by COPY and others as one JSON document,
because psycopg would parse a statement with a placeholder for each value every time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import orjson
from django.db import connection, models

_UNCHANGED = (
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.BooleanField,
    models.BinaryField,
)

RECOMPUTED = 2000  # rows at a time

Field = Any  # of a model: Django's types do not distinguish fields that have a column
Converter = Callable[[Any], Any]


def insert(
    rows: Sequence[models.Model], *, unique: str = "", update: Collection[str] = (), cursor: Any = None
) -> None:
    """Insert ``rows`` of one model; where one has the same ``unique`` column, write its ``update`` columns.

    Rows without a primary key get one in the database; the objects are not updated with it. No signals are sent.
    ``cursor`` may be that of a ``direct_transaction``.
    """
    if not rows:
        return
    if cursor is None:
        with connection.cursor() as cursor:
            insert(rows, unique=unique, update=update, cursor=cursor)
        return
    plan = _insertion(type(rows[0]), unique, tuple(update))
    values = map(plan.values, rows)
    if connection.vendor != "postgresql":
        cursor.executemany(plan.statement, _ready(plan.converters, values))
    elif update:
        cursor.execute(plan.statement, [_document(plan.columns, values)])
    else:
        with connection.wrap_database_errors, cursor.copy(plan.statement) as copy:
            for row in _ready(plan.converters, values):
                copy.write_row(row)


def update(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set the columns ``names`` of rows of ``model``; each of ``rows`` is the new values and then the primary key."""
    if not rows:
        return
    meta = model._meta
    key = _quoted(meta.pk)
    changed: list[Field] = [meta.get_field(name) for name in names]
    fields = [*changed, meta.pk]
    table = _table(model)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            each = ", ".join(f"{_quoted(field)} = %s" for field in changed)
            statement = f"UPDATE {table} SET {each} WHERE {key} = %s"
            cursor.executemany(statement, _ready(list(map(_converter, fields)), rows))
        else:
            all_ = ", ".join(f"{_quoted(field)} = new.{_quoted(field)}" for field in changed)
            cursor.execute(
                f"UPDATE {table} SET {all_} FROM {_recordset(fields)} WHERE {table}.{key} = new.{key}",
                [_document([field.column for field in fields], rows)],
            )


def recompute(
    model: type[models.Model], names: Sequence[str], *, of: Sequence[str], by: Callable[..., Sequence[Any]]
) -> None:
    """Set the columns ``names`` of all rows of ``model`` to what ``by`` makes of the columns ``of``.

    Rows that have these values already, which are most where a rule changes, are not written.
    """
    rows = model._default_manager.order_by("pk").values_list("pk", *names, *of)
    portion = list(rows[:RECOMPUTED])
    while portion:
        computed = ((pk, columns[: len(names)], by(*columns[len(names) :])) for pk, *columns in portion)
        update(model, names, [[*new, pk] for pk, old, new in computed if list(new) != old])
        portion = list(rows.filter(pk__gt=portion[-1][0])[:RECOMPUTED])


@dataclass(frozen=True, slots=True)
class _Insertion:
    """What an insert needs in addition to the rows. It is prepared once: that takes longer than to insert a row."""

    statement: str
    values: Callable[[models.Model], Sequence[Any]]  # of a row, in the order of ``columns``
    columns: list[str]
    converters: list[Converter | None]


@cache
def _insertion(model: type[models.Model], unique: str, update: Collection[str]) -> _Insertion:
    fields = [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]
    table = f"{_table(model)} ({', '.join(map(_quoted, fields))})"
    end = _conflict(model, unique, update) if update else ""
    if connection.vendor != "postgresql":
        statement = f"INSERT INTO {table} VALUES ({', '.join('?' * len(fields))}){end}"
    elif update:
        statement = f"INSERT INTO {table} SELECT * FROM {_recordset(fields)}{end}"
    else:
        statement = f"COPY {table} FROM STDIN"
    return _Insertion(
        statement,
        values=attrgetter(*(field.attname for field in fields)),
        columns=[field.column for field in fields],
        converters=list(map(_converter, fields)),
    )


def _conflict(model: type[models.Model], unique: str, names: Collection[str]) -> str:
    columns = [_quoted(model._meta.get_field(name)) for name in names]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return f" ON CONFLICT ({_quoted(model._meta.get_field(unique))}) DO UPDATE SET {changes}"


def _ready(converters: Sequence[Converter | None], rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return the values of ``rows`` converted for the database driver."""
    return [
        [convert(value) if convert else value for convert, value in zip(converters, row, strict=True)]
        for row in rows
    ]


def _recordset(fields: Sequence[Field]) -> str:
    """Return the expression for the table ``new`` that PostgreSQL builds from one parameter, a ``_document``."""
    columns = ", ".join(f"{_quoted(field)} {field.db_type(connection)}" for field in fields)
    return f"jsonb_to_recordset(%s) AS new ({columns})"


def _document(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return as_json([dict(zip(columns, row, strict=True)) for row in rows])


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


def _converter(field: Field) -> Converter | None:
    """Return the converter of values of ``field`` for the database; None where they stay unchanged."""
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else as_json(value)
    if isinstance(field, models.DateTimeField):
        return lambda value: connection.ops.adapt_datetimefield_value(value)  # with this thread's connection
    if isinstance(field, models.ForeignKey):
        return _converter(field.target_field)
    if field.choices:
        return _plain
    if isinstance(field, _UNCHANGED):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)

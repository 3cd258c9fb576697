"""Distinguish trouble of the database, which passes, from defects of a statement."""

from __future__ import annotations

import logging
import sqlite3
import sys
from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError, OperationalError

_SQLITE_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# SQLSTATE: connection, a server that only reads, a transaction that was ended for its age, rollback (deadlock,
# serialization), resources, shutdown, system, lock not available. Without a statement's time-out: the next attempt
# would take as long.
_POSTGRES_PASSING = ("08", "25006", "25P03", "25P04", "40", "53", "57P", "58", "55P03")
_POSTGRES_TIMEOUT = "57014"


def is_passing(error: BaseException) -> bool:
    """Return whether ``error`` is the database's, and a retry may succeed."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    if code is not None:
        return (code & 0xFF) in _SQLITE_PASSING
    state = getattr(error.__cause__, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError)
    return str(state).startswith(_POSTGRES_PASSING)


def trouble_behind(error: BaseException | None) -> BaseException | None:
    """Return the trouble of the database that led to ``error``: itself, or an error before it."""
    return next((each for each in _chain(error) if is_passing(each) or _is_timeout(each)), None)


def is_unavailable(error: BaseException) -> bool:
    """Return whether the database's trouble, or one of its connections, led to ``error``: wait and try again."""
    return isinstance(error, OperationalError | InterfaceError) or trouble_behind(error) is not None


def first_line(error: BaseException) -> str:
    """Return what the driver says, without the statement and the hints that follow."""
    return str(error).strip().partition("\n")[0]


def log_failure(log: logging.Logger, message: str, *args: object) -> None:
    """Log the exception in progress: a line where the database's trouble led to it, the traceback of a defect."""
    trouble = trouble_behind(sys.exception())
    if trouble is None:
        log.exception(message, *args)
    else:
        log.error(f"{message}: %s", *args, first_line(trouble))


class OneLine(logging.Filter):
    """A filter of ``django.request`` that leaves tracebacks to defects: refusals and an unwell database are a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record of a 4xx, which is a warning, and of a 503."""
        if record.levelno < logging.ERROR:
            record.exc_info = record.exc_text = None
        error = record.exc_info[1] if record.exc_info else None
        trouble = trouble_behind(error)
        if trouble is not None:
            record.msg, record.args = "%s: %s", (record.getMessage(), first_line(trouble))
            record.exc_info = record.exc_text = None
        return True


def _is_timeout(error: BaseException) -> bool:
    return (
        isinstance(error, DatabaseError) and getattr(error.__cause__, "sqlstate", None) == _POSTGRES_TIMEOUT
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__

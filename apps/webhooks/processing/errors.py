"""Classify errors of processing: permanent ones of a delivery, or passing ones of the database."""

from __future__ import annotations

import sqlite3

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext as _

from apps.pneumatic.errors import PneumaticError

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
# SQLSTATE: connection, rollback (deadlock, serialization), resources, shutdown, system, lock not available. Without
# 57014, a statement time-out: the next attempt would take as long.
_POSTGRES_PASSING = ("08", "40", "53", "57P", "58", "55P03")


def is_passing(error: BaseException) -> bool:
    """Return whether ``error`` is the database's, and a retry may succeed."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return (code & 0xFF) in _SQLITE_PASSING
    state = getattr(cause, "sqlstate", None)
    return state is None or state.startswith(_POSTGRES_PASSING)


def reason(error: BaseException) -> str:
    """Return why processing failed, for people and without anything of the payload."""
    if isinstance(error, PneumaticError):
        return str(error)  # names keys, never values
    if isinstance(error, DatabaseError):
        return _("The database refused the event (%s). See the log.") % type(error).__name__
    return _("Unexpected error (%s). See the log.") % type(error).__name__

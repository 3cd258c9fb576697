"""Words for errors of processing."""

from __future__ import annotations

from django.db import DatabaseError
from django.utils.translation import gettext as _

from apps.pneumatic.errors import PneumaticError


def reason(error: BaseException) -> str:
    """Return why processing failed, for people and without anything of the payload."""
    if isinstance(error, PneumaticError):
        return str(error)  # names keys, never values
    if isinstance(error, DatabaseError):
        return _("The database refused the event (%s). See the log.") % type(error).__name__
    return _("Unexpected error (%s). See the log.") % type(error).__name__

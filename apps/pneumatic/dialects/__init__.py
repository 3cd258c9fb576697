"""Paths, shapes and value encodings of each API generation."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.pneumatic.dialects.base import Dialect
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.errors import ConfigurationError

DIALECTS: dict[str, Callable[[], Dialect]] = {Documented.name: Documented, Current.name: Current}
_LABELS = {Documented.name: Documented.label, Current.name: Current.label}


def choose(name: str) -> Dialect:
    """Return the dialect with this name; raise ConfigurationError when we do not speak it."""
    make = DIALECTS.get(name)
    if make is None:
        raise ConfigurationError(
            _("PNEUMATIC_DIALECT is “%(name)s”, which this version does not speak. Write one of: %(known)s.")
            % {"name": name, "known": ", ".join(["auto", *DIALECTS])}
        )
    return make()


def label(name: str) -> str:
    """Return what people call the dialect."""
    return str(_LABELS.get(name, name))

"""The dialects by name. A new one is a class that fulfils ``base.Dialect``, listed in ``DIALECTS``."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.pneumatic.dialects.base import Dialect
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.errors import ConfigurationError

DIALECTS: dict[str, type[Current] | type[Documented]] = {Documented.name: Documented, Current.name: Current}


def choose(name: str) -> Dialect:
    """Return a new instance of the dialect with this name; raise ConfigurationError for an unknown one."""
    dialect = DIALECTS.get(name)
    if dialect is None:
        raise ConfigurationError(
            _("PNEUMATIC_DIALECT is “%(name)s”, which is unknown. Set it to one of: %(known)s.")
            % {"name": name, "known": ", ".join(["auto", *DIALECTS])}
        )
    return dialect()


def label(name: str) -> str:
    """Return what users call the dialect with this name; the name itself for an unknown one."""
    dialect = DIALECTS.get(name)
    return str(dialect.label) if dialect else name

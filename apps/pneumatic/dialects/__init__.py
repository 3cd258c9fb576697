"""The generations of Pneumatic's API that this project speaks, by name.

A new one is a module with a class that fulfils ``base.Dialect``, and a line in ``DIALECTS``.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.pneumatic.dialects.base import Dialect
from apps.pneumatic.dialects.documented import Documented
from apps.pneumatic.errors import ConfigurationError

DIALECTS: dict[str, Callable[[], Dialect]] = {
    Documented.name: Documented,
}


def choose(name: str) -> Dialect:
    """Return the dialect that ``PNEUMATIC_DIALECT`` names; raise ConfigurationError when we do not speak it.

    ``auto`` is the documented API: with one dialect there is nothing to find out.
    """
    make = DIALECTS.get(Documented.name if name == "auto" else name)
    if make is None:
        raise ConfigurationError(
            _(
                "PNEUMATIC_DIALECT is “%(name)s”, which this version does not speak yet. Write one of: %(known)s."
            )
            % {"name": name, "known": ", ".join(["auto", *DIALECTS])}
        )
    return make()

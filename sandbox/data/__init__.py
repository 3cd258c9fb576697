"""The data sets that the sandbox can hold; each call gives the same records."""

from __future__ import annotations

from typing import NamedTuple

from sandbox.current.releases import NEWEST, Release

from .build import Builder, Record
from .large import add_large
from .modern import modern_template, modern_user, older_template
from .modern_operations import add_modern_operations
from .modern_small import add_modern_small
from .operations import add_operations
from .people import add_people
from .small import add_small

DATASETS = ("demo", "small", "empty", "large")


class Data(NamedTuple):
    """An account; ``groups`` and ``datasets`` are as the current server shows them, the documented one has none."""

    templates: list[Record]
    users: list[Record]
    groups: list[Record]
    datasets: list[Record]


def load(name: str, *, large: int = 0, dialect: str = "documented", release: Release = NEWEST) -> Data:
    """Return a data set, with ``large`` more templates behind it.

    ``current`` has the same templates and users with the keys of the current server, and those that only it can have;
    an older ``release`` has what it can have of them.
    """
    builder = Builder()
    is_modern = dialect == "current"
    if name in {"demo", "large"}:
        add_people(builder)
    if name == "demo":
        add_operations(builder)
        if is_modern:
            add_modern_operations(builder)
    if name == "small":
        add_small(builder, has_numbers=is_modern)
        if is_modern:
            add_modern_small(builder)
    if large:
        add_large(builder, large)
    if not is_modern:
        return Data(builder.templates, builder.users, [], [])
    owner = next((user["id"] for user in builder.users if user["is_account_owner"]), 1)
    templates = [modern_template(template, account_owner=owner) for template in builder.templates]
    return Data(
        [older_template(template, release) for template in templates],
        [modern_user(user) for user in builder.users],
        builder.groups,
        [] if "dataset" in release.absent else builder.datasets,
    )

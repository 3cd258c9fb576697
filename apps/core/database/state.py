"""Whether the database can be used, and whether its tables are as this version needs them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor


@dataclass(frozen=True, slots=True)
class Readiness:
    """``database`` is ``ok`` or ``unreachable``; ``migrations`` is ``ok``, ``pending`` or ``unknown``."""

    database: str
    migrations: str

    @property
    def is_ready(self) -> bool:
        return self.database == self.migrations == "ok"


def check() -> Readiness:
    """Check whether the database can be reached and all migrations are applied."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error:
        return Readiness(database="unreachable", migrations="unknown")
    return Readiness(database="ok", migrations="pending" if pending else "ok")

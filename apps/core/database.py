"""Whether the database can be worked with."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


@dataclass(frozen=True, slots=True)
class Readiness:
    """``database`` is ``ok`` or ``unreachable``; ``migrations`` is ``ok``, ``pending`` or ``unknown``."""

    database: str
    migrations: str

    @property
    def is_ready(self) -> bool:
        return self.database == self.migrations == "ok"


def readiness() -> Readiness:
    """Ask the database whether it answers and has every table that this version needs."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return Readiness(database="unreachable", migrations="unknown")
    return Readiness(database="ok", migrations="pending" if pending else "ok")

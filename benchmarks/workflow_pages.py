"""Pages of workflows with 100,000 workflows and 1,000,000 events, against 1,000 workflows and 10,000 events."""

from __future__ import annotations

from typing import Any

from benchmarks.databases import databases, fresh
from benchmarks.pages import FLAT
from benchmarks.processes import ask, manage, settings
from benchmarks.report import Bar, Table

FEW, MANY = "1000", "100000"
# A word without matches is searched in the whole index.
WITHOUT_A_BAR = frozenset({"list, a word that nothing has"})


def measure(*, repeats: int) -> list[Table]:
    """Measure the list, its filters, a workflow's page and what open pages ask, on each database."""
    tables = []
    for kind, database in databases():
        few, many = _measured(database, FEW), _measured(database, MANY)
        caption = f"Workflows: 100,000 with 1,000,000 events, against 1,000 with 10,000, {kind}"
        tables.append(Table.of_bars(caption, _bars(few, many)))
        rows = [
            [name, f"{many[name]['p95']:.1f}", f"{few[name]['p95']:.1f}"] for name in sorted(WITHOUT_A_BAR)
        ]
        caption = f"Workflows: what grows with their number, {kind}"
        tables.append(Table(caption, ["what", "ms (p95)", "with 1,000"], rows))
    return tables


def _bars(few: Any, many: Any) -> list[Bar]:
    bars = []
    for name, now in many.items():
        before = few[name]
        slow, quick = now["p95"], before["p95"]
        if name not in WITHOUT_A_BAR:
            bars.append(
                Bar(f"{name}, ms (p95)", f"{slow:.1f}", f"{quick:.1f}", slow / quick, FLAT, most=True)
            )
        more, fewer = now["queries"], before["queries"]
        bars.append(Bar(f"{name}, queries", str(more), str(fewer), more / fewer, 1, most=True))
    return bars


def _measured(database: str, workflows: str) -> Any:
    with fresh(database) as url:
        environment = settings(database=url)
        manage("migrate", "--verbosity=0", environment=environment)
        manage("collectstatic", "--noinput", "--verbosity=0", environment=environment)
        return ask("benchmarks.workflow_pages_ours", workflows, environment=environment)

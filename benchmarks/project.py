"""Projecting: how fast stored deliveries become events and workflows, and whether memory stays flat."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks.databases import databases, fresh
from benchmarks.processes import ask, manage, settings
from benchmarks.project_payloads import AT_WORK, EVENTS
from benchmarks.report import Bar, Table

WORKFLOWS = 10_000
ONE_BY_ONE = 5_000  # deliveries: it takes long enough
GENERATIONS = {"fill": "as documented", "fill_today": "of the current API"}


def measure(*, repeats: int) -> list[Table]:
    """Process a backlog from scratch, and a part of it in the plain way, on each database."""
    tables = []
    for kind, database in databases():
        documented = 0.0
        for fill, generation in GENERATIONS.items():
            ours: list[dict[str, Any]] = []
            plain: list[dict[str, Any]] = []
            for _repeat in range(repeats):
                ours.append(_run(database, fill, WORKFLOWS, "batches"))
                plain.append(_run(database, fill, ONE_BY_ONE // EVENTS, "single", str(ONE_BY_ONE)))
            tables.append(_table(f"{generation}, {kind}", ours, plain, documented=documented))
            documented = documented or _rate(ours)
    return tables


def _run(database: str, fill: str, workflows: int, *what: str) -> dict[str, Any]:
    with fresh(database) as url:
        environment = settings(database=url)
        manage("migrate", "--verbosity=0", environment=environment)
        filled = ask("benchmarks.project_ours", fill, str(workflows), environment=environment)
        result: dict[str, Any] = ask("benchmarks.project_ours", *what, environment=environment)
    if not result["stored"] == result["events"] == filled["deliveries"]:
        raise SystemExit(f"{filled['deliveries']} deliveries became {result['stored']} events.")
    return {**result, "bytes": filled["bytes"]}


def _rate(runs: list[dict[str, Any]]) -> float:
    return float(median(run["events"] / run["seconds"] for run in runs))


def _table(kind: str, ours: list[dict[str, Any]], plain: list[dict[str, Any]], *, documented: float) -> Table:
    rate, other = _rate(ours), _rate(plain)
    early, peak = (median(run[name] for run in ours) for name in ("memory_at_a_quarter", "memory"))
    bars = [
        # A body of the current API is nearly twice as long: it has all tasks of the workflow.
        Bar(
            "events/s, against those as documented",
            f"{rate:,.0f}",
            f"{documented:,.0f}",
            rate / documented,
            0.5,
        )
        if documented
        else Bar("events/s, from stored bodies to workflows", f"{rate:,.0f}", "", rate, 2000),
        Bar(
            "events/s, against one transaction and get_or_create per delivery",
            f"{rate:,.0f}",
            f"{other:,.0f}",
            rate / other,
            1,
        ),
        Bar(
            "peak memory of all, against that of the first quarter, MiB",
            f"{peak:.0f}",
            f"{early:.0f}",
            peak / early if early else 0,
            1.1,
            most=True,
        ),
    ]
    return Table.of_bars(
        f"Processing {WORKFLOWS * EVENTS:,} deliveries of {ours[0]['bytes']:,.0f} bytes, {EVENTS} of each workflow, "
        f"{AT_WORK} workflows at a time, {kind}",
        bars,
    )

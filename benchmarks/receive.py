"""Receiving: how many deliveries a second are durably there, and how long a sender waits."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import peer_webhook
from benchmarks.databases import databases, fresh
from benchmarks.report import Bar, Table
from benchmarks.serving import outcome, serving, start_load

SECONDS = 10
WARM_UP = 2
CONNECTIONS = 16
STEADY = 330  # deliveries a second of the load that is not as fast as it can be


@dataclass(frozen=True)
class Run:
    """One load: requests per second, milliseconds, and whether all that was acknowledged is there.

    ``steady_p99`` is of another load, at a rate that leaves some room: whoever sends as fast as possible waits mostly
    behind himself.
    """

    rate: float
    p50: float
    p99: float
    errors: int
    acknowledged: int
    lost: int
    steady_rate: float = 0.0
    steady_p99: float = 0.0

    @classmethod
    def of(cls, told: Any, *, lost: int, steady: Any = None) -> Run:
        return cls(
            rate=told["acknowledged"] / told["seconds"],
            p50=told["p50"],
            p99=told["p99"],
            errors=sum(told["errors"].values()),
            acknowledged=told["acknowledged"],
            lost=lost,
            steady_rate=steady["acknowledged"] / steady["seconds"] if steady else 0.0,
            steady_p99=steady["p99"] if steady else 0.0,
        )


def measure(*, repeats: int) -> list[Table]:
    """Measure on SQLite and PostgreSQL, each run beside one of the peer."""
    tables = []
    for kind, database in databases():
        ours, others = [], []
        for number in range(repeats):
            ours.append(_ours(database, seed=number + 1))
            if peer_webhook.PROGRAM:
                others.append(_other(seed=number + 1))
        tables.append(_table(kind, ours, others))
    return tables


def _table(kind: str, ours: list[Run], others: list[Run]) -> Table:
    rate, p99 = median(run.rate for run in ours), median(run.p99 for run in ours)
    steady, steady_p99 = (
        median(getattr(run, name) for run in ours) for name in ("steady_rate", "steady_p99")
    )
    lost = sum(run.lost for run in ours)
    peer = f"webhook {peer_webhook.version()}" if others else ""
    bars = [
        Bar(f"deliveries/s, stored, of {STEADY} that are sent", f"{steady:.0f}", "", steady, 300),
        Bar("p99 of their answers, ms", f"{steady_p99:.0f}", "", steady_p99, 50, most=True),
        Bar(
            "deliveries/s, stored, as fast as they are answered",
            f"{rate:.0f}",
            f"p50 {median(run.p50 for run in ours):.0f} ms, p99 {p99:.0f} ms",
            rate,
            300,
        ),
        Bar("errors", "", "", sum(run.errors for run in ours), 0, most=True),
        Bar(
            "acknowledged, but not stored",
            str(lost),
            f"{sum(run.acknowledged for run in ours):,}",
            lost,
            0,
            most=True,
        ),
    ]
    if others:
        other = median(run.rate for run in others)
        slow = median(run.p99 for run in others)
        bars.append(
            Bar(
                f"deliveries/s, against {peer}",
                f"{rate:.0f}",
                f"{other:.0f}, p99 {slow:.0f} ms",
                rate / other,
                1,
            )
        )
    note = "" if others else " (webhook is not installed: no comparison)"
    return Table.of_bars(
        f"Receiving bodies of 1 kB to 50 kB on {CONNECTIONS} connections, {kind}{note}", bars
    )


def _ours(database: str, *, seed: int) -> Run:
    with (
        tempfile.TemporaryDirectory(prefix="dash-bench-") as name,
        fresh(database) as url,
        serving(database=url, folder=Path(name)) as dashboard,
    ):
        address = dashboard.prepare()
        dashboard.start_web()
        dashboard.start_worker()
        outcome(start_load(address, f"--seconds={WARM_UP}", f"--connections={CONNECTIONS}", "--seed=900"))
        before = dashboard.ask("count")["deliveries"]
        load = (f"--seconds={SECONDS}", f"--connections={CONNECTIONS}")
        steady = outcome(start_load(address, *load, f"--seed={seed + 100}", f"--rate={STEADY}"))
        told = outcome(start_load(address, *load, f"--seed={seed}"))
        after = dashboard.ask("count")["deliveries"]
        acknowledged = steady["acknowledged"] + told["acknowledged"]
        return Run.of(told, lost=max(acknowledged - (after - before), 0), steady=steady)


def _other(*, seed: int) -> Run:
    with (
        tempfile.TemporaryDirectory(prefix="dash-bench-") as name,
        peer_webhook.webhook(Path(name)) as (url, kept),
    ):
        outcome(start_load(url, f"--seconds={WARM_UP}", f"--connections={CONNECTIONS}", "--seed=900"))
        kept.unlink()
        told = outcome(
            start_load(url, f"--seconds={SECONDS}", f"--connections={CONNECTIONS}", f"--seed={seed}")
        )
        with kept.open("rb") as lines:
            return Run.of(told, lost=told["acknowledged"] - sum(1 for _ in lines))

"""Receiving: how many deliveries a second are durably stored, and how long a sender waits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import peer_fastify, peer_webhook
from benchmarks.databases import databases, fresh
from benchmarks.report import Bar, Table
from benchmarks.serving import outcome, serving, start_load

SECONDS = 5.0
WARM_UP_SECONDS = 1.5
CONNECTIONS = 16
STEADY = 330  # deliveries a second of the load that leaves some room
QUANTILES = ("p50", "p95", "p99")

Count = Callable[[], int]


@dataclass
class Runs:
    """What the repeats of one program measured: ``full`` as fast as it responds, ``steady`` at STEADY a second."""

    name: str
    full: list[Any] = field(default_factory=list)
    steady: list[Any] = field(default_factory=list)
    lost: int = 0

    @property
    def rate(self) -> float:
        """Return the acknowledged deliveries per second at full load."""
        return float(median(load["acknowledged"] / load["seconds"] for load in self.full))

    @property
    def acknowledged(self) -> int:
        return sum(load["acknowledged"] for load in (*self.full, *self.steady))

    @property
    def errors(self) -> int:
        return sum(sum(load["errors"].values()) for load in (*self.full, *self.steady))

    def quantile(self, load: str, name: str) -> float:
        """Return the median of a quantile of the response times, in milliseconds."""
        return float(median(run[name] for run in getattr(self, load)))

    def row(self) -> list[str]:
        """Return the row of the table that shows everything."""
        times = [f"{self.quantile(load, name):.0f}" for load in ("full", "steady") for name in QUANTILES]
        return [self.name, f"{self.rate:,.0f}", *times]


def measure(*, repeats: int) -> list[Table]:
    """Measure on each database, and each peer in the same repeats."""
    tables = []
    for kind, database in databases():
        working, idle = Runs("ours, worker running"), Runs("ours, worker stopped")
        peers = _peers()
        for seed in range(1, repeats + 1):
            for runs, has_worker in ((working, True), (idle, False)):
                with _ours(database, has_worker=has_worker) as (url, count):
                    _load(runs, url, count, seed=seed)
            for runs, peer in peers:
                with peer() as (url, count):
                    _load(runs, url, count, seed=seed)
        others = [runs for runs, _peer in peers]
        tables += [_compared(kind, working, others), _everything(kind, [working, idle, *others])]
    return tables


def _peers() -> list[tuple[Runs, Callable[[], Any]]]:
    found: list[tuple[Runs, Callable[[], Any]]] = []
    if peer_fastify.is_installed():
        found.append((Runs(peer_fastify.version()), _fastify))
    if peer_webhook.PROGRAM:
        found.append((Runs(f"webhook {peer_webhook.version()}, not durable"), _webhook))
    return found


def _compared(kind: str, ours: Runs, others: list[Runs]) -> Table:
    p99 = ours.quantile("steady", "p99")
    bars = [
        Bar(f"p99 of the response times at {STEADY}/s, ms", f"{p99:.0f}", "", p99, 50, most=True),
        Bar("deliveries/s at full load", f"{ours.rate:,.0f}", "", ours.rate, 300),
        Bar("errors", str(ours.errors), "", ours.errors, 0, most=True),
        Bar(
            "acknowledged, but not stored",
            str(ours.lost),
            f"of {ours.acknowledged:,}",
            ours.lost,
            0,
            most=True,
        ),
    ]
    bars += [
        Bar(
            f"deliveries/s at full load, against {runs.name}",
            f"{ours.rate:,.0f}",
            f"{runs.rate:,.0f}",
            ours.rate / runs.rate,
            0.6,
        )
        for runs in others
        if runs.name.startswith("fastify")
    ]
    return Table.of_bars(f"Receiving while the worker runs, {kind}", bars)


def _everything(kind: str, all_runs: list[Runs]) -> Table:
    columns = ["program", "deliveries/s", *(f"{name}, ms" for name in QUANTILES)]
    columns += [f"{name} at {STEADY}/s, ms" for name in QUANTILES]
    caption = f"Receiving bodies of 1 kB to 50 kB on {CONNECTIONS} connections, {kind}"
    return Table(caption, columns, [runs.row() for runs in all_runs])


def _load(runs: Runs, url: str, count: Count, *, seed: int) -> None:
    connections = f"--connections={CONNECTIONS}"
    outcome(start_load(url, f"--seconds={WARM_UP_SECONDS}", connections, "--seed=900"))
    before = count()
    load = (f"--seconds={SECONDS}", connections)
    steady = outcome(start_load(url, *load, f"--seed={seed + 100}", f"--rate={STEADY}"))
    full = outcome(start_load(url, *load, f"--seed={seed}"))
    runs.steady.append(steady)
    runs.full.append(full)
    runs.lost += max(steady["acknowledged"] + full["acknowledged"] - (count() - before), 0)


@contextmanager
def _ours(database: str, *, has_worker: bool) -> Iterator[tuple[str, Count]]:
    with (
        tempfile.TemporaryDirectory(prefix="dash-bench-") as name,
        fresh(database) as url,
        serving(database=url, folder=Path(name)) as dashboard,
    ):
        address = dashboard.prepare()
        dashboard.start_web()
        if has_worker:
            dashboard.start_worker()
        yield address, lambda: int(dashboard.ask("count")["deliveries"])


@contextmanager
def _fastify() -> Iterator[tuple[str, Count]]:
    with (
        tempfile.TemporaryDirectory(prefix="dash-bench-") as name,
        peer_fastify.fastify(Path(name)) as (url, database),
    ):
        yield url, lambda: peer_fastify.count(database)


@contextmanager
def _webhook() -> Iterator[tuple[str, Count]]:
    with (
        tempfile.TemporaryDirectory(prefix="dash-bench-") as name,
        peer_webhook.webhook(Path(name)) as (url, kept),
    ):
        yield url, lambda: kept.read_bytes().count(b"\n")

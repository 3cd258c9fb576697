"""Killing: whether anything that was acknowledged gets lost or doubled when processes die, 150 times on each database.

Deliveries arrive and people launch while web processes, the worker, or everything is killed. After each kill the time
is measured until all processes do their work again.
"""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from benchmarks.databases import databases, fresh, value
from benchmarks.launching import Launching
from benchmarks.processes import manage, sandbox
from benchmarks.report import Bar, Table
from benchmarks.serving import WORKERS, Serving, outcome, serving, start_load

TRIALS = 150
PEOPLE = 3
MIN_LOAD_SECONDS, MAX_LOAD_SECONDS = 0.1, 0.8  # between two kills
SENDING_SECONDS = 0.1  # that Pneumatic needs for a launch, so that kills find pending ones
MAX_READY_SECONDS = 10.0
GIVE_UP_SECONDS = 120.0  # when something is not ready
PROCESSING_TIMEOUT_SECONDS = 600.0
# Bodies and pace are such that hundreds of deliveries, not thousands, are left to project in the end.
LOAD = ("--connections=4", "--largest=5000", "--pause=0.05", "--seconds=86400")


@dataclass
class Trials:
    """What happened in one series."""

    deaths: Counter[str] = field(default_factory=Counter)
    ready: list[float] = field(default_factory=list)  # seconds from each kill
    deliveries: dict[str, Any] = field(default_factory=dict)
    launches: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> str:
        return ", ".join(f"{times} x {what}" for what, times in self.deaths.items())


def measure(*, repeats: int) -> list[Table]:
    """Kill on SQLite and on PostgreSQL; one series each, whatever ``repeats`` says."""
    return [_table(kind, trials(database, count=TRIALS)) for kind, database in databases()]


def _table(kind: str, result: Trials) -> Table:
    deliveries, launches = result.deliveries, result.launches
    states = ", ".join(f"{number} {state}" for state, number in sorted(launches["states"].items()))
    lost = deliveries["lost"] + deliveries["not_projected"]
    counts = [
        ("deliveries lost", f"of {deliveries['acknowledged']:,}", result.kinds, lost),
        ("deliveries doubled", "", "", deliveries["doubled"]),
        ("launches lost", f"of {launches['confirmed']:,}", states, launches["lost"]),
        ("launches doubled", f"{launches['resent']:,} sent again", "", launches["doubled"]),
        ("launches refused", "", "", launches["refused"]),
    ]
    slowest = max(result.ready)
    bars = [Bar(what, ours, other, number, 0, most=True) for what, ours, other, number in counts]
    bars.append(Bar("ready again, s, at most", f"{slowest:.1f}", "", slowest, MAX_READY_SECONDS, most=True))
    return Table.of_bars(f"{sum(result.deaths.values())} times kill -9 under load, {kind}", bars)


def trials(database: str, *, count: int, seed: int = 1) -> Trials:
    """Kill ``count`` times; return what was acknowledged, lost and doubled."""
    chance, result = random.Random(seed), Trials()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dash-bench-")))
        url = stack.enter_context(fresh(database))
        api = stack.enter_context(sandbox(dataset="small"))
        dashboard = stack.enter_context(serving(database=url, folder=folder, api_url=api))
        address = dashboard.prepare()
        manage("sync", "--verbosity=0", environment=dashboard.environment)
        launching = Launching(
            f"http://127.0.0.1:{dashboard.port}",
            **dashboard.ask("people", str(PEOPLE), module="benchmarks.ours_launching"),
        )
        fault = {
            "kind": "delay",
            "seconds": SENDING_SECONDS,
            "method": "POST",
            "path_prefix": "/",
            "times": 0,
        }
        _control(api, "POST", "faults", fault)
        dashboard.start_web()
        dashboard.start_worker()
        digests = folder / "digests.txt"
        load = start_load(address, *LOAD, f"--digests={digests}")
        try:
            with launching.people():
                for _ in range(count):
                    time.sleep(chance.uniform(MIN_LOAD_SECONDS, MAX_LOAD_SECONDS))
                    began = time.monotonic()
                    result.deaths[_kill_something(dashboard, chance)] += 1
                    _wait_until_ready(dashboard, url)
                    result.ready.append(time.monotonic() - began)
            load.send_signal(signal.SIGTERM)
            outcome(load)
        finally:
            load.kill()
        _wait_until_processed(url)
        result.deliveries = dict(dashboard.ask("check", str(digests)))
        workflows = [(each["id"], each["name"]) for each in _control(api, "GET", "workflows")]
        found = folder / "launches.json"
        found.write_text(json.dumps({"confirmed": launching.confirmed, "workflows": workflows}), "utf-8")
        checked = dashboard.ask("check", str(found), module="benchmarks.ours_launching")
        result.launches = {**checked, "resent": launching.resent, "refused": len(launching.refused)}
    return result


def _kill_something(dashboard: Serving, chance: random.Random) -> str:
    """Kill one process or all, as a power failure would, start what no supervisor restarts, and return its name."""
    what = chance.choices(["web process", "worker", "everything"], [3, 1, 1])[0]
    if what == "web process":
        os.kill(chance.choice(dashboard.web_processes), signal.SIGKILL)  # gunicorn starts another one
        return what
    dashboard.kill(web=what == "everything")
    if what == "everything":
        dashboard.start_web()
    dashboard.start_worker()
    return what


def _wait_until_ready(dashboard: Serving, url: str) -> None:
    """Return when all web processes run, one of them is ready, and the worker reports its work."""
    give_up = time.monotonic() + GIVE_UP_SECONDS
    while not (len(dashboard.web_processes) == WORKERS and _is_ready(dashboard) and _works(dashboard, url)):
        if time.monotonic() > give_up:
            raise SystemExit("The dashboard did not become ready.")
        time.sleep(0.05)


def _is_ready(dashboard: Serving) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{dashboard.port}/readyz", timeout=GIVE_UP_SECONDS).ok
    except requests.ConnectionError:
        return False


def _works(dashboard: Serving, url: str) -> bool:
    pid = dashboard.worker.pid if dashboard.worker else 0
    return bool(value(url, f"SELECT COUNT(*) FROM core_workerprocess WHERE pid = {pid}"))


def _wait_until_processed(url: str) -> None:
    give_up = time.monotonic() + PROCESSING_TIMEOUT_SECONDS
    while value(url, "SELECT COUNT(*) FROM webhooks_delivery WHERE state = 'pending'"):
        if time.monotonic() > give_up:
            raise SystemExit("The worker did not process everything.")
        time.sleep(1)


def _control(api: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Call the control API of the sandbox."""
    response = requests.request(method, f"{api}/_sandbox/{path}", json=body, timeout=60)
    response.raise_for_status()
    return response.json()

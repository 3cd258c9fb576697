"""Killing: whether anything that was acknowledged gets lost when processes die under load, 200 times."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.databases import databases, fresh
from benchmarks.report import Bar, Table
from benchmarks.serving import Serving, outcome, serving, start_load

TRIALS = 200
MIN_LOAD_SECONDS, MAX_LOAD_SECONDS = 0.1, 0.8  # between two kills
PROCESSING_TIMEOUT_SECONDS = 600.0
# Bodies and pace are such that thousands of deliveries, not tens of thousands, are left to project in the end.
LOAD = ("--connections=8", "--largest=5000", "--pause=0.02", "--seconds=86400")


def measure(*, repeats: int) -> list[Table]:
    """Kill on SQLite and on PostgreSQL; one series each, whatever ``repeats`` says."""
    bars = []
    for kind, database in databases():
        result = trials(database, count=TRIALS)
        bars += [
            Bar(
                f"acknowledged, but not stored, {kind}",
                f"of {result['acknowledged']:,}",
                result["kinds"],
                result["lost"],
                0,
                most=True,
            ),
            Bar(f"stored, but not projected, {kind}", "", "", result["not_projected"], 0, most=True),
        ]
    return [Table.of_bars(f"{TRIALS} times kill -9 of web and worker under load", bars)]


def trials(database: str, *, count: int, seed: int = 1) -> dict[str, Any]:
    """Kill ``count`` times; return what was acknowledged, lost and not projected."""
    with (
        tempfile.TemporaryDirectory(prefix="dash-bench-") as name,
        fresh(database) as url,
        serving(database=url, folder=Path(name)) as dashboard,
    ):
        digests = Path(name) / "digests.txt"
        address = dashboard.prepare()
        dashboard.start_web()
        dashboard.start_worker()
        load = start_load(address, *LOAD, f"--digests={digests}")
        chance = random.Random(seed)
        deaths = {"web worker": 0, "worker": 0, "everything": 0}
        try:
            for _ in range(count):
                time.sleep(chance.uniform(MIN_LOAD_SECONDS, MAX_LOAD_SECONDS))
                deaths[_kill_something(dashboard, chance)] += 1
            load.send_signal(signal.SIGTERM)
            outcome(load)
        finally:
            load.kill()
        _wait_until_processed(dashboard)
        result = dict(dashboard.ask("check", str(digests)))
        return {**result, "kinds": ", ".join(f"{times} x {what}" for what, times in deaths.items())}


def _kill_something(dashboard: Serving, chance: random.Random) -> str:
    """Kill one process or all, as a power failure would, start what no supervisor restarts, and return its name."""
    what = chance.choices(["web worker", "worker", "everything"], [3, 1, 1])[0]
    if what == "web worker":
        children = _children(dashboard.web_pid)
        if children:
            os.kill(chance.choice(children), signal.SIGKILL)  # gunicorn starts another one
        return what
    dashboard.kill(web=what == "everything")
    if what == "everything":
        dashboard.start_web()
    dashboard.start_worker()
    return what


def _children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]


def _wait_until_processed(dashboard: Serving) -> None:
    give_up = time.monotonic() + PROCESSING_TIMEOUT_SECONDS
    while dashboard.ask("count")["pending"]:
        if time.monotonic() > give_up:
            raise SystemExit("The worker did not process everything.")
        time.sleep(1)

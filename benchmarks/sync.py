"""The sync against dlt: first run, a run with nothing changed, memory, and SQL statements."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import API_KEY, PEERS, ask, manage, sandbox, settings
from benchmarks.report import Bar, Table

TEMPLATES = 2_000
OBJECTS = TEMPLATES + TEMPLATES * 5 // 2  # and 2.5 times as many users
# A mirror keeps rows that were deleted upstream and writes over those that changed: "merge" does that too.
# "replace" empties the tables each time; it is tried and shown, but it does less.
VARIANTS = [(shape, disposition) for shape in ("json", "normalised") for disposition in ("replace", "merge")]
MERGING = [variant for variant in VARIANTS if variant[1] == "merge"]


@dataclass
class Runs:
    """What several repeats of one program measured, by name."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def middle(self, name: str) -> float:
        """Return the median of one figure."""
        return median(float(row[name]) for row in self.rows)


def measure(*, repeats: int) -> list[Table]:
    """Run both by turns, so that a slow minute of the machine meets both."""
    with tempfile.TemporaryDirectory(prefix="dash-bench-") as name, sandbox(large=TEMPLATES) as url:
        folder = Path(name)
        empty = folder / "empty.sqlite3"
        manage("migrate", "--verbosity=0", environment=settings(database=f"sqlite:///{empty}"))
        tried = {variant: Runs() for variant in VARIANTS}
        ours, fetch = Runs(), Runs()
        for repeat in range(repeats):
            ours.rows.append(_ours("first", url, empty, folder))
            fetch.rows.append(_ours("fetch", url, empty, folder))
            for variant in MERGING if repeat else VARIANTS:
                tried[variant].rows.append(_peer(url, folder, *variant))
        counted = _ours("statements", url, empty, folder)
    for row in (*ours.rows, *(row for runs in tried.values() for row in runs.rows)):
        if row["templates"] + row["users"] != OBJECTS:
            raise SystemExit(f"A sync brought {row['templates']} templates and {row['users']} users.")
    version = tried[MERGING[0]].rows[0]["dlt"]
    return [
        _compared(ours, fetch, tried, counted),
        Table(
            f"dlt {version}, every way that was tried",
            ["nested data", "written by", "times", "first sync, s", "again, s", "peak memory, MiB"],
            [
                [
                    *(shape, disposition, str(len(runs.rows))),
                    *(
                        f"{runs.middle('first'):.2f}",
                        f"{runs.middle('again'):.2f}",
                        f"{runs.middle('memory'):.0f}",
                    ),
                ]
                for (shape, disposition), runs in tried.items()
            ],
        ),
    ]


def _compared(ours: Runs, fetch: Runs, tried: dict[tuple[str, str], Runs], counted: dict[str, Any]) -> Table:
    best = {
        figure: min((tried[variant] for variant in MERGING), key=lambda runs: runs.middle(figure))
        for figure in ("first", "again")
    }
    first, again, memory = (ours.middle(figure) for figure in ("first", "again", "memory"))
    their_first, their_again = (best[figure].middle(figure) for figure in ("first", "again"))
    their_memory = best["first"].middle("memory")
    alone = fetch.middle("seconds")
    bars = [
        Bar(
            "first sync, objects/s",
            f"{OBJECTS / first:,.0f}",
            f"{OBJECTS / their_first:,.0f}",
            their_first / first,
            1.5,
        ),
        Bar(
            "peak memory, MiB", f"{memory:.0f}", f"{their_memory:.0f}", memory / their_memory, 1.0, most=True
        ),
        Bar(
            "nothing changed, objects/s",
            f"{OBJECTS / again:,.0f}",
            f"{OBJECTS / their_again:,.0f}",
            their_again / again,
            5,
        ),
        Bar(
            "nothing changed, s, against fetching and decoding alone",
            f"{again:.2f}",
            f"{alone:.2f}",
            again / alone,
            1.3,
            most=True,
        ),
        Bar(
            "nothing changed, statements that write to the mirror",
            str(counted["mirror_writes"]),
            "",
            counted["mirror_writes"],
            0,
            most=True,
        ),
        Bar(
            "SQL statements per object, first sync",
            f"{counted['first']} in all",
            "",
            counted["first"] / OBJECTS,
            0.1,
            most=True,
        ),
    ]
    return Table.of_bars(
        f"Sync of {TEMPLATES:,} templates with 9 fields each and {OBJECTS - TEMPLATES:,} users", bars
    )


def _ours(what: str, url: str, empty: Path, folder: Path) -> dict[str, Any]:
    database = folder / "ours.sqlite3"
    for leftover in folder.glob("ours.sqlite3*"):
        leftover.unlink()
    shutil.copy(empty, database)
    result: dict[str, Any] = ask(
        "benchmarks.ours_sync", what, environment=settings(database=f"sqlite:///{database}", api_url=url)
    )
    return result


def _peer(url: str, folder: Path, shape: str, disposition: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        result: dict[str, Any] = ask(
            *("benchmarks.peer_dlt", url, API_KEY, own, shape, disposition),
            environment={"PATH": os.environ["PATH"], "HOME": own},
            python=PEERS,
        )
    return result

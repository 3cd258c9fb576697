"""Pages: the launch form among 100,000 people, and lists that must not grow slower with their rows."""

from __future__ import annotations

from typing import Any

from benchmarks.databases import databases, fresh
from benchmarks.processes import ask, manage, settings
from benchmarks.report import Bar, Table

FEW = ("1000", "1000")
MANY = ("10000", "100000")
FLAT = 1.5  # "flat": the larger may take this much longer; noise of short times is part of it


def measure_form(*, repeats: int) -> list[Table]:
    """Measure on SQLite, and on PostgreSQL where a server responds."""
    tables = []
    for kind, database in databases():
        row = _measured(database, "form")
        bars = [
            Bar("launch form, KiB of HTML", f"{row['kib']:.1f}", "", row["kib"], 60, most=True),
            Bar("launch form, nodes", str(row["nodes"]), "", row["nodes"], 500, most=True),
            Bar(
                "launch form, ms in the server",
                f"{row['milliseconds']:.1f}",
                "",
                row["milliseconds"],
                30,
                most=True,
            ),
            Bar(
                "search of people, ms (p95)",
                f"{row['search_p95']:.1f}",
                f"median {row['search_median']:.1f}",
                row["search_p95"],
                50,
                most=True,
            ),
        ]
        tables.append(Table.of_bars(f"Launch form with three user fields, 100,000 users, {kind}", bars))
    return tables


def measure_lists(*, repeats: int) -> list[Table]:
    """Measure every list with few and with many rows."""
    tables = []
    for kind, database in databases():
        few, many = _measured(database, "lists", *FEW), _measured(database, "lists", *MANY)
        bars = []
        for name in many:
            slow, quick = many[name]["milliseconds"], few[name]["milliseconds"]
            bars.append(Bar(f"{name}, ms", f"{slow:.1f}", f"{quick:.1f}", slow / quick, FLAT, most=True))
            more, fewer = many[name]["queries"], few[name]["queries"]
            bars.append(Bar(f"{name}, queries", str(more), str(fewer), more / fewer, 1, most=True))
        caption = f"Lists with 10,000 templates and 100,000 launches, against 1,000 of each, {kind}"
        tables.append(Table.of_bars(caption, bars))
    return tables


def _measured(database: str, *arguments: str) -> Any:
    with fresh(database) as url:
        environment = settings(database=url)
        manage("migrate", "--verbosity=0", environment=environment)
        manage("collectstatic", "--noinput", "--verbosity=0", environment=environment)
        return ask("benchmarks.ours_pages", *arguments, environment=environment)

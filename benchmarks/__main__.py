"""The command line of the benchmarks: ``python -m benchmarks [--only PART] [--repeats N] [--write]``."""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from benchmarks import kill, machine, pages, project, receive, sync, workflow_pages
from benchmarks.processes import ROOT
from benchmarks.report import Table

PARTS = {
    "sync": sync.measure,
    "form": pages.measure_form,
    "lists": pages.measure_lists,
    "workflows": workflow_pages.measure,
    "receive": receive.measure,
    "project": project.measure,
    "kill": kill.measure,
}
PAGE = ROOT / "docs" / "benchmarks.md"
MARK = "<!-- Everything below is written by `make bench ARGS=--write`. -->"


def main() -> None:
    """Measure, print, and write the page when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="measure only this part (may be repeated)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="of every figure; the median counts")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()

    tables = [Table("The machine", ["what", "value"], [list(fact) for fact in machine.facts()])]
    print(f"{tables[0]}\n", flush=True)
    for part in options.only or PARTS:
        for table in PARTS[part](repeats=options.repeats):
            tables.append(table)
            print(f"{table}\n", flush=True)
    if options.write:
        kept = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        day = dt.datetime.now(dt.UTC).date()
        body = "\n\n".join(str(table) for table in tables)
        PAGE.write_text(f"{kept}{MARK}\n\nMeasured on {day}.\n\n{body}\n", encoding="utf-8")
        sys.stderr.write(f"Written to {PAGE.relative_to(ROOT)}.\n")


if __name__ == "__main__":
    main()

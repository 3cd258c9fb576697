"""The command line of the benchmarks: ``python -m benchmarks [--only PART] [--repeats N] [--write]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks import kill, pages, project, receive, slow, sync, workflow_pages
from benchmarks.page import with_results
from benchmarks.processes import ROOT

PARTS = {
    "receive": receive.measure,
    "sync": sync.measure,
    "form": pages.measure_form,
    "lists": pages.measure_lists,
    "workflows": workflow_pages.measure,
    "project": project.measure,
    "kill": kill.measure,
    "slow": slow.measure,
}
PAGE = ROOT / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print each part; with ``--write`` replace its tables in the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="measure only this part (may be repeated)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="of every figure; the median counts")
    parser.add_argument(
        "--write", action="store_true", help="replace these parts' tables in docs/benchmarks.md"
    )
    options = parser.parse_args(arguments)

    for part in options.only or PARTS:
        tables = PARTS[part](repeats=options.repeats)
        for table in tables:
            print(f"{table}\n", flush=True)
        if options.write:
            page = with_results(PAGE.read_text(encoding="utf-8"), part, tables)
            PAGE.write_text(page, encoding="utf-8")
            sys.stderr.write(f"Wrote “{part}” to {PAGE}.\n")


if __name__ == "__main__":
    main()

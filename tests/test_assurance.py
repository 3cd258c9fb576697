"""docs/guarantees.md and docs/security.md: what they name exists, and no requirement is left out."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
REVIEW = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| V(\d+\.\d+): ([\d, ]+) \| ([\w/]+) \| (.+) \|$", flags=re.MULTILINE)
# Of each section of the OWASP ASVS 5.0.0, how many requirements have level 1 or 2; they are numbered first.
COUNTS = """
1.1=2 1.2=9 1.3=11 1.4=3 1.5=2
2.1=3 2.2=3 2.3=4 2.4=1
3.2=2 3.3=4 3.4=6 3.5=5 3.7=2
4.1=3 4.2=1 4.3=2 4.4=4
5.1=1 5.2=3 5.3=2 5.4=3
6.1=3 6.2=12 6.3=4 6.4=4 6.5=5 6.6=3 6.8=4
7.1=3 7.2=4 7.3=2 7.4=5 7.5=2 7.6=2
8.1=2 8.2=3 8.3=1 8.4=1
9.1=3 9.2=4
10.1=2 10.2=2 10.3=4 10.4=11 10.5=5 10.6=2 10.7=3
11.1=2 11.2=3 11.3=3 11.4=4 11.5=1 11.6=1
12.1=3 12.2=2 12.3=4
13.1=1 13.2=5 13.3=2 13.4=5
14.1=2 14.2=4 14.3=3
15.1=3 15.2=3 15.3=7
16.1=1 16.2=5 16.3=4 16.4=3 16.5=3
17.1=1 17.2=4 17.3=2
"""
REQUIREMENTS = {section: int(count) for section, count in re.findall(r"([\d.]+)=(\d+)", COUNTS)}


def test_every_named_test_exists() -> None:
    named = NAMED_TEST.findall(GUARANTEES + REVIEW)
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file()
        or not re.search(rf"^ *def {name}\b", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
    ]

    assert len(named) > 50
    assert not missing, "\n".join(missing)


def test_every_promise_names_its_test() -> None:
    promises = re.findall(r"^\| (?!promise|---)(.+?) \|(.*)\|$", GUARANTEES, flags=re.MULTILINE)

    assert len(promises) > 20
    assert not [promise for promise, proof in promises if not NAMED_TEST.search(proof)]


def test_every_requirement_is_reviewed_once() -> None:
    rows = ROW.findall(REVIEW)
    reviewed = [f"{section}.{number}" for section, numbers, *_ in rows for number in numbers.split(", ")]
    required = [f"{section}.{at}" for section, count in REQUIREMENTS.items() for at in range(1, count + 1)]

    assert len(required) == 253
    assert sorted(reviewed) == sorted(required)
    assert len(rows) == REVIEW.count("\n| V")


def test_what_is_met_names_a_test_or_a_page() -> None:
    wrong = [
        f"V{section}: {numbers}"
        for section, numbers, status, how in ROW.findall(REVIEW)
        if status not in {"met", "n/a", "operator", "open"}
        or (status in {"met", "operator"} and not NAMED_TEST.search(how) and "](" not in how)
    ]

    assert not wrong, wrong

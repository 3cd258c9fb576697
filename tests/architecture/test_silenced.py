"""A line that silences a checker says why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.modules import LEFT_OUT, ROOT

FOLDERS = ("apps", "benchmarks", "demo", "deploy", "docs", "pneumatic_dash", "sandbox", "tests")
# What follows the directive and its codes is the reason.
DIRECTIVE = re.compile(
    r"# (?:noqa(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ignore(?:\[[\w, -]+\])?|nosec|pragma: no \w+)(?P<reason>.*)"
)


def without_reason(line: str) -> bool:
    found = DIRECTIVE.search(line)
    return found is not None and not re.search(r"[A-Za-z]{3}", found["reason"])


def test_every_silenced_line_has_a_reason() -> None:
    paths = [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not LEFT_OUT & set(path.parts) and path != Path(__file__)
    ]

    hits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if without_reason(line)
    ]

    assert len(paths) > 500
    assert not hits, "\n".join(["Write the reason behind the directive:", *hits])


@pytest.mark.parametrize(
    ("line", "is_without"),
    [
        ("x = 1", False),
        ("x = 1  # noqa", True),
        ("x = 1  # noqa: S101, S608", True),
        ("x = 1  # noqa: S101 - the form is valid", False),
        ("x = 1  # type: ignore[arg-type]", True),
        ("x = 1  # type: ignore[arg-type]  # only its user is read", False),
        ("x = 1  # pragma: no cover", True),
    ],
)
def test_a_reason_is_recognised(line: str, is_without: bool) -> None:
    assert without_reason(line) is is_without

"""What a command prints never changes what it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pneumatic_dash.output import UnfailingStream
from tests.core.test_checks import PRODUCTION, ROOT
from tests.fixtures.depth import exhaustive

NAMES = "“Łódź” → 東京 🚀\n"


def stream_to(path: str, encoding: str) -> UnfailingStream:
    return UnfailingStream(open(path, "wb"), encoding=encoding, errors="backslashreplace")


def test_what_the_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    with stream_to(str(tmp_path / "out"), encoding="ascii") as out:
        assert out.write(NAMES) == len(NAMES)
    assert (tmp_path / "out").read_text() == NAMES.encode("ascii", "backslashreplace").decode()


def test_a_full_disk_loses_output_and_nothing_else() -> None:
    out = stream_to("/dev/full", encoding="utf-8")
    for _ in range(10_000):
        out.write(NAMES)
    out.flush()
    assert out.lost is not None
    out.finish()
    out.close()


def test_a_reader_that_went_away_stops_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        out = UnfailingStream(pipe, encoding="utf-8")
        out.write(NAMES)
        out.flush()
        out.write(NAMES)
        out.finish()
        out.close()
    out.write(NAMES)
    out.flush()


CLOSED = ["<&- >&- 2>&-"]
REDIRECTIONS = [*CLOSED, ">&-", "2>&-", ">/dev/full 2>/dev/full", "2>&1 | true"]


@pytest.mark.parametrize("redirection", exhaustive(REDIRECTIONS, but=CLOSED))
def test_a_command_ends_as_it_would(redirection: str, tmp_path: Path) -> None:
    codes = tmp_path / "codes"
    script = "; ".join(
        f"{sys.executable} manage.py {command} {redirection}; echo ${{PIPESTATUS[0]}} >> {codes}"
        for command in ("sync unicorns", "check -v3")
    )
    environment = {"PATH": os.environ["PATH"], **PRODUCTION, "PYTHONIOENCODING": "ascii"}
    subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, timeout=300, check=True)
    assert codes.read_text().split() == ["2", "0"]

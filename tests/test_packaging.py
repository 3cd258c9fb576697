"""What is shipped: locks that pin all with hashes and name no registry, one version, a script for CI."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from pneumatic_dash import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ["requirements.lock", "requirements-dev.lock", "benchmarks/requirements.lock"]


def name_of(requirement: str) -> str:
    """Return the normalised name at the start of a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def locked(lock: str) -> dict[str, str]:
    """Return each requirement of a lock file, by name: its whole entry, hashes included."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {name_of(entry): entry for entry in entries}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_pinned_with_hashes(lock: str) -> None:
    entries = locked(lock)

    assert entries
    assert not [entry for entry in entries.values() if "==" not in entry or "--hash=sha256:" not in entry]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(lock: str) -> None:
    """Whoever installs decides where from: a mirror, a cache, a closed network."""
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(r"^--(extra-)?index-url|^--find-links", text, flags=re.MULTILINE)


def test_the_locks_hold_what_the_project_asks_for() -> None:
    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")

    assert {name_of(requirement) for requirement in PROJECT["project"]["dependencies"]} <= set(runtime)
    assert {name_of(requirement) for requirement in PROJECT["dependency-groups"]["dev"]} <= set(development)
    assert runtime.items() <= development.items(), "the locks were not made together: run `make lock`"


def test_the_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert PROJECT["project"]["version"] == __version__
    assert f"## {__version__}" in changelog or "## Unreleased" in changelog


def test_ci_runs_one_script() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_make_explains_itself() -> None:
    listed = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    for target in ("demo", "test", "check", "install", "bench", "lock", "screenshots"):
        assert f"make {target} " in listed

"""What is shipped: locks that pin all with hashes and name no registry, one version, a script for CI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pneumatic_dash import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = [
    "requirements.lock",
    "requirements-dev.lock",
    "benchmarks/requirements.lock",
    "deploy/release/requirements.lock",
]


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
    """Who installs decides where from: a mirror, a cache, a closed network."""
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert "://" not in text
    assert not re.search(r"^--(extra-)?index-url|^--find-links", text, flags=re.MULTILINE)


def test_the_locks_have_what_the_project_requires() -> None:
    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")

    assert {name_of(requirement) for requirement in PROJECT["project"]["dependencies"]} <= set(runtime)
    assert {name_of(requirement) for requirement in PROJECT["dependency-groups"]["dev"]} <= set(development)
    assert runtime.items() <= development.items(), "the locks were not made together: run `make lock`"


def test_the_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert PROJECT["project"]["version"] == __version__
    assert re.search(rf"^## {re.escape(__version__)} \(\d{{4}}-\d\d-\d\d\)$", changelog, flags=re.MULTILINE)


def test_ci_runs_one_script() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_make_explains_itself() -> None:
    listed = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    for target in (
        "demo",
        "env",
        "test",
        "check",
        "install",
        "bench",
        "lock",
        "screenshots",
        "container-check",
        "release-check",
    ):
        assert f"make {target} " in listed


@pytest.mark.ci
def test_a_fresh_checkout_migrates_without_further_preparation(tmp_path: Path) -> None:
    """The README's steps for a real account; `make env` never overwrites a key."""
    ours = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in ours.decode().rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    made = [
        subprocess.run(["make", "-s", "env"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]

    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert made == [".env has a fresh SECRET_KEY.\n", ".env exists and stays as it is.\n"]
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var" / "dash.sqlite3").is_file()

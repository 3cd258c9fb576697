"""`make release-check` says what is known about vulnerabilities, and never takes silence for good news."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy import release_check
from deploy.release_check import CLEAN, FAILED, UNKNOWN, VULNERABLE

GOOD = {"name": "django", "version": "5.2.19", "vulns": []}
BAD = {
    **GOOD,
    "vulns": [{"id": "CVE-2099-1", "fix_versions": ["5.2.20"]}, {"id": "CVE-2099-2", "fix_versions": []}],
}
SKIPPED = {"name": "idna", "skip_reason": "Dependency not found"}


def printed(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


@pytest.mark.parametrize(
    ("output", "status", "sentences"),
    [
        (printed(GOOD), CLEAN, ["no known vulnerability in 1 packages."]),
        (
            printed(BAD, SKIPPED),
            VULNERABLE,
            [
                "django 5.2.19: CVE-2099-1, fixed in 5.2.20",
                "django 5.2.19: CVE-2099-2",
                "the advisory service cannot say anything about 1 of 2 packages, so nothing is known about their "
                "vulnerabilities.",
            ],
        ),
        ("", UNKNOWN, ["the advisory service cannot be reached, so nothing is known about vulnerabilities."]),
        (
            "[]",
            UNKNOWN,
            ["the advisory service cannot be reached, so nothing is known about vulnerabilities."],
        ),
        (printed(), UNKNOWN, ["no package was checked, so nothing is known about vulnerabilities."]),
    ],
)
def test_each_result_has_a_sentence_and_a_status(output: str, status: int, sentences: list[str]) -> None:
    audit = release_check.read_audit(output)

    assert audit.status == status
    assert list(audit.sentences("x.lock")) == [f"x.lock: {sentence}" for sentence in sentences]


@pytest.mark.parametrize(
    ("output", "failed", "status"),
    [
        (printed(GOOD), 0, CLEAN),
        (printed(GOOD), 1, FAILED),
        ("", 0, UNKNOWN),
        (printed(BAD), 1, VULNERABLE),
    ],
)
def test_the_worst_result_is_the_exit_status(
    output: str, failed: int, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_check, "ROOT", tmp_path)
    monkeypatch.setattr(release_check, "BILL", tmp_path / "var" / "sbom.cdx.json")
    said: list[str] = []

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        is_audit = command[0].endswith("pip-audit")
        return subprocess.CompletedProcess(
            command, 0 if is_audit else failed, output if is_audit else "", "why"
        )

    assert release_check.main(run, say=said.append) == status
    assert len(said) >= 3
    assert ("why" in said[-1]) == bool(failed)

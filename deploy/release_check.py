"""``make release-check``: look up known vulnerabilities of the locked packages, and write the bill of materials.

Exit status: 0 when all packages were looked up and none has a known vulnerability, 1 when one has, 2 when a tool
failed, 3 when the advisory service could not look up all of them: nothing is known then. ``pip-audit`` itself exits
with 0 there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "deploy" / "release" / ".venv" / "bin"
# What is installed on a server, and what a developer installs in addition: the second contains the first.
LOCKS = ("requirements.lock", "requirements-dev.lock")
BILL = ROOT / "var" / "sbom.cdx.json"
TIMEOUT_SECONDS = 600
CLEAN, VULNERABLE, FAILED, UNKNOWN = 0, 1, 2, 3

Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


@dataclass
class Audit:
    """What the service said of a lock: ``unknown`` are packages that it could not look up."""

    checked: int = 0
    unknown: int = 0
    vulnerable: list[str] = field(default_factory=list)
    is_reached: bool = True

    @property
    def status(self) -> int:
        if self.vulnerable:
            return VULNERABLE
        return CLEAN if self.is_reached and self.checked and not self.unknown else UNKNOWN

    def sentences(self, lock: str) -> Iterable[str]:
        """Yield what a person must know, most important first."""
        yield from (f"{lock}: {package}" for package in self.vulnerable)
        if not self.is_reached:
            yield f"{lock}: the advisory service cannot be reached, so nothing is known about vulnerabilities."
        elif self.unknown:
            yield (
                f"{lock}: the advisory service cannot say anything about {self.unknown} of "
                f"{self.checked + self.unknown} packages, so nothing is known about their vulnerabilities."
            )
        elif self.status == UNKNOWN:
            yield f"{lock}: no package was checked, so nothing is known about vulnerabilities."
        elif self.status == CLEAN:
            yield f"{lock}: no known vulnerability in {self.checked} packages."


def read_audit(output: str) -> Audit:
    """Return what ``pip-audit --format json`` printed. It prints nothing when it could not ask."""
    try:
        dependencies = json.loads(output)["dependencies"]
    except (ValueError, LookupError, TypeError):
        return Audit(is_reached=False)
    audit = Audit()
    for dependency in dependencies:
        if "skip_reason" in dependency:
            audit.unknown += 1
            continue
        audit.checked += 1
        for found in dependency["vulns"]:
            fixed = f", fixed in {', '.join(found['fix_versions'])}" if found["fix_versions"] else ""
            audit.vulnerable.append(f"{dependency['name']} {dependency['version']}: {found['id']}{fixed}")
    return audit


def main(run: Run, *, say: Callable[[str], None] = print) -> int:
    """Check every lock, write the bill of materials, and return the exit status."""
    statuses = set()
    for lock in LOCKS:
        options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
        audit = read_audit(run([str(PROGRAMS / "pip-audit"), *options, "--requirement", lock]).stdout)
        statuses.add(audit.status)
        for sentence in audit.sentences(lock):
            say(sentence)
    BILL.parent.mkdir(exist_ok=True)
    bill = ["--pyproject", "pyproject.toml", "--output-reproducible", "--output-file", str(BILL)]
    made = run([str(PROGRAMS / "cyclonedx-py"), "requirements", LOCKS[0], *bill])
    if made.returncode:
        say(f"No bill of materials was written: {made.stderr.strip().splitlines()[-1:]}")
        statuses.add(FAILED)
    else:
        say(f"{BILL.relative_to(ROOT)}: the bill of materials (CycloneDX) of {LOCKS[0]}.")
    return next((status for status in (VULNERABLE, FAILED, UNKNOWN) if status in statuses), CLEAN)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )


if __name__ == "__main__":
    sys.exit(main(_run))

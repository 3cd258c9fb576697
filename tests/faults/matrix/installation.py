"""The dashboard as it is deployed: web server and worker as processes, with a database and a simulated Pneumatic."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from demo.processes import answers, free_port
from tests.faults.matrix.databases import Database, Postgres
from tests.fixtures.proxy import Proxy
from tests.fixtures.sandbox import Sandbox
from tests.fixtures.waiting import HANG_SECONDS, wait_for

ROOT = Path(__file__).resolve().parents[3]
CLOCK_SOURCE = Path(__file__).with_name("clock.c")
# Short, because what they limit happens here. Their sum is far below HANG_SECONDS: whatever takes that long waits
# without a limit.
LIMITS = {
    "PNEUMATIC_CONNECT_TIMEOUT": "2",
    "PNEUMATIC_READ_TIMEOUT": "2",
    "WEBHOOK_READ_TIMEOUT": "10",
    "WEBHOOK_WRITE_TIMEOUT": "4",
    "DATABASE_TIMEOUT": "5",
    "DATABASE_COMMAND_TIMEOUT": "20",
    "DATABASE_LOCK_TIMEOUT": "15",
}


@dataclass
class Installation:
    """A running dashboard. ``temporary`` and ``logs`` are folders, on small disks where ``has_small_disks``."""

    database: Database
    sandbox: Sandbox
    api: Proxy
    api_url: str
    folder: Path
    has_small_disks: bool
    port: int = 0  # of the web server
    front: int = 0  # of the proxy in front of it; 0 for none
    access: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def clock(self) -> Path:
        """Return the file that says by how many seconds the clock of the dashboard's machine is off."""
        return self.folder / "clock"

    @property
    def clock_library(self) -> Path:
        """Return the library that moves the clock; there is none where no C compiler is installed."""
        return self.folder / "clock.so"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.front or self.port}"

    @property
    def environment(self) -> dict[str, str]:
        fake_clock = {"LD_PRELOAD": str(self.clock_library), "CLOCK_OFFSET_FILE": str(self.clock)}
        return {
            **os.environ,
            **self.sandbox.environment,
            **LIMITS,
            **(fake_clock if self.clock_library.exists() else {}),
            "PNEUMATIC_API_URL": self.api_url,
            "DATABASE_URL": self.database.url,
            "DATABASE_POOLED": str(isinstance(self.database, Postgres) and self.database.pooler is not None),
            "TMPDIR": str(self.temporary),
            "DISK_MIN_FREE_MB": "1",
            "DEBUG": "False",
            "DJANGO_SETTINGS_MODULE": "pneumatic_dash.settings",
        }

    def prepare(self) -> None:
        """Migrate, make users, mirror templates."""
        self.clock.write_text("0")
        if compiler := shutil.which("cc"):
            command = [compiler, "-shared", "-fPIC", "-o", str(self.clock_library), str(CLOCK_SOURCE)]
            subprocess.run(command, check=True)
        self.manage("migrate", "--verbosity=0", check=True)
        self.access = json.loads(self._run(["-m", "tests.faults.matrix.seed"], check=True).stdout)
        self.manage("sync", check=True)

    def start(self) -> None:
        """Start web server and worker, and wait until pages come."""
        self.port = free_port(0)
        command = ["-m", "gunicorn", "pneumatic_dash.wsgi", f"--bind=127.0.0.1:{self.port}", "--preload"]
        options = ["--workers=2", "--threads=12", "--worker-class=gthread", "--timeout=180"]
        self.run("web", [*command, *options])
        self.run_worker()
        wait_for(lambda: answers(self.port))
        wait_for(self._serves)

    def run(self, name: str, arguments: list[str]) -> None:
        """Start a process in the background."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run_worker(self, name: str = "worker") -> None:
        self.run(name, ["manage.py", "worker", "--no-startup-delay"])

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and its children."""
        os.killpg(self.processes[name].pid, number)

    def end(self, name: str) -> None:
        """Kill a process with its children."""
        process = self.processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=HANG_SECONDS)

    def stop(self) -> None:
        for name in list(self.processes):
            self.end(name)

    def ended(self) -> list[str]:
        """Return which processes have ended, though no one stopped them."""
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def last_words(self) -> str:
        """Return the end of each log, for a test that fails."""
        logs = sorted(self.logs.glob("*.log"))
        return "\n".join(f"-- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    def _serves(self) -> bool:
        try:
            return self.request("GET", "/healthz", role="").ok
        except requests.ConnectionError:
            assert self.processes["web"].poll() is None, self.last_words()
            return False

    def manage(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return self._run(["manage.py", *arguments], check=check)

    def request(self, method: str, path: str, *, role: str = "operator", **options: Any) -> requests.Response:
        """Send a request as a user who is signed in, or with ``role=""`` as a stranger; follow no redirect.

        Raise requests.Timeout where it hangs.
        """
        with requests.Session() as session:
            session.trust_env = False
            cookies = {self.access["cookie"]: self.access[role]} if role else {}
            cookies |= options.pop("cookies", {})
            return session.request(
                method,
                self.url + path,
                cookies=cookies,
                timeout=HANG_SECONDS,
                allow_redirects=False,
                **options,
            )

    def _run(self, arguments: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=check,
        )


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Make a folder that is a separate small disk, and yield whether that was possible: only root may."""
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and not subprocess.run(mount, capture_output=True, check=False).returncode
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

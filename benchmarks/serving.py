"""The dashboard as it is deployed, web server and worker, to be loaded and killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import STARTED
from benchmarks.processes import NO_API, ROOT, ask, manage, settings

WORKERS, THREADS = 2, 8
START_TIMEOUT_SECONDS = 60.0


class Serving:
    """A web server and a worker on one database; both can be killed and restarted."""

    def __init__(self, *, database: str, folder: Path, port: int, api_url: str) -> None:
        self.environment = {
            **settings(database=database, api_url=api_url),
            "HASHED_STATIC": "False",
            "ALLOWED_HOSTS": "127.0.0.1",
        }
        self.folder = folder
        self.port = port
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def prepare(self) -> str:
        """Make the tables and return the receiver's address."""
        manage("migrate", "--verbosity=0", environment=self.environment)
        token = ask("benchmarks.ours_receive", "token", environment=self.environment)["token"]
        return f"http://127.0.0.1:{self.port}/hooks/{token}/"

    def start_web(self) -> None:
        """Start gunicorn and wait until it listens."""
        self.web = self._start(
            "web",
            [
                *(sys.executable, "-m", "gunicorn", "pneumatic_dash.wsgi", f"--bind=127.0.0.1:{self.port}"),
                *("--preload", f"--workers={WORKERS}", "--worker-class=gthread", f"--threads={THREADS}"),
            ],
        )
        wait_for_port(self.port, self.web)

    def start_worker(self) -> None:
        """Start the worker."""
        command = ["manage.py", "worker", "--interval=0.2", "--no-startup-delay", "--no-reload"]
        self.worker = self._start("worker", [sys.executable, *command])

    def ask(self, *arguments: str, module: str = "benchmarks.ours_receive") -> Any:
        return ask(module, *arguments, environment=self.environment)

    @property
    def web_processes(self) -> list[int]:
        """Return the numbers of the processes that serve: gunicorn's children."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.web.pid if self.web else 0)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(word) for word in listed.stdout.split()]

    def kill(self, *, web: bool = True) -> None:
        """Kill the worker, and the web server too, without a chance to tidy up."""
        for process in (self.web if web else None, self.worker):
            if process is not None:
                kill_group(process)

    def _start(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return start(command, environment=self.environment, log=self.folder / f"{name}.log")


@contextmanager
def serving(*, database: str, folder: Path, api_url: str = NO_API) -> Iterator[Serving]:
    """Give a dashboard that is not started yet; whatever runs of it afterwards is killed."""
    dashboard = Serving(database=database, folder=folder, port=free_port(), api_url=api_url)
    try:
        yield dashboard
    finally:
        dashboard.kill()


def start(command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in a new process group."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def start_load(url: str, *options: str) -> subprocess.Popen[str]:
    """Start a load as a separate process and wait until it runs; ``outcome`` waits for its end."""
    load = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load", url, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if load.stdout is None or load.stdout.readline().strip() != STARTED:
        load.kill()
        raise SystemExit("The load did not start.")
    return load


def outcome(load: subprocess.Popen[str]) -> Any:
    """Wait for a load and return what it tells."""
    output, _ = load.communicate()
    if load.returncode:
        raise SystemExit("The load failed.")
    return json.loads(output)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started, as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when something answers on the port."""
    give_up = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > give_up:
            raise SystemExit(f"Nothing answers on port {port}.")
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

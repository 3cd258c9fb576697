"""Processes to measure: each has a complete environment, prints one line of JSON, and is gone afterwards."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / ".venv" / "bin" / "python"
API_KEY = "for-the-benchmark"
NO_API = "http://127.0.0.1:9"  # the discard port: nothing responds


def settings(*, database: str, api_url: str = NO_API) -> dict[str, str]:
    """Return the environment of the dashboard's processes: production settings, nothing of the caller's."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "pneumatic_dash.settings",
        "ENV_FILE": "",
        "DEBUG": "False",
        "LOG_LEVEL": "warning",
        "SECRET_KEY": "for-the-benchmark-" + "x" * 50,
        "ALLOWED_HOSTS": "testserver,127.0.0.1",
        "DATABASE_URL": database,
        "STATIC_ROOT": str(ROOT / "var" / "benchmarks" / "static"),
        "PNEUMATIC_API_URL": api_url,
        "PNEUMATIC_API_KEY": API_KEY,
        "PNEUMATIC_DIALECT": "documented",
    }


def ask(*arguments: str, environment: Mapping[str, str], python: Path | str = sys.executable) -> Any:
    """Run a module of this package and return the JSON of its last line."""
    finished = subprocess.run(
        [str(python), "-m", *arguments],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{finished.stdout[-2000:]}{finished.stderr[-4000:]}")
    return json.loads(finished.stdout.strip().splitlines()[-1])


def manage(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run one of the project's own commands to its end."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=dict(environment), check=True)


@contextmanager
def sandbox(*, large: int = 0, dataset: str = "empty") -> Iterator[str]:
    """Run a sandbox with a data set, and ``large`` templates and 2.5 times as many users more; give its address."""
    port, files_port = _free_port(), _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sandbox", f"--port={port}", f"--files-port={files_port}"),
            *(f"--dataset={dataset}", f"--large={large}", f"--api-key={API_KEY}"),
        ],
        cwd=ROOT,
        env=settings(database="sqlite:///:memory:"),
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise SystemExit("The sandbox did not start.")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def peak_memory() -> float:
    """Return the largest resident size of this process so far, in MiB (0 where the system does not say)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def answer(**values: Any) -> None:
    """Print what the process that asked wants to know."""
    print(json.dumps(values))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The demonstration as processes: it starts, tells, keeps its data, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from apps.dashboard.demo.environment import PROJECT, Place, child
from apps.dashboard.demo.processes import DemoError, Family, answers, free_port


@contextmanager
def demonstration(folder: Path, *, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a demonstration; give its process and all that it said until it was ready."""
    command = [
        sys.executable,
        "manage.py",
        "demo",
        f"--port={port}",
        "--sandbox-port=0",
        f"--data-dir={folder}",
    ]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_listen_to_ctrl_c,
    ) as process:
        text = ""
        for line in process.stdout or ():
            text += line
            if line.startswith("Logs are in"):
                break
        try:
            yield process, text
        finally:
            process.kill()
            process.communicate()


def _listen_to_ctrl_c() -> None:
    """Undo what a shell does to jobs in the background: they, and all that they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def address(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", text)
    assert found, text
    return found[0]


def wait_until_silent(url: str) -> None:
    port = int(url.rpartition(":")[2])
    for _ in range(200):
        if not answers(port):
            return
        time.sleep(0.1)
    pytest.fail(f"Something still answers on {url}")


def test_it_keeps_data_and_passwords_and_stops_when_asked(tmp_path: Path) -> None:
    logins = []
    for _ in range(2):
        with demonstration(tmp_path) as (process, text):
            logins.append(re.findall(r"^  (?:admin|operator) +(\S+)", text, flags=re.MULTILINE))
            assert requests.get(f"{address(text)}/healthz", timeout=10).status_code == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
            wait_until_silent(address(text))

    assert logins[0] == logins[1]
    assert len(logins[0]) == 2


def test_a_busy_port_is_told_and_another_one_taken(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with demonstration(tmp_path, port=port) as (_process, text):
            assert f"Port {port} is busy" in text
            assert address(text) != f"http://127.0.0.1:{port}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_nothing_keeps_running_when_it_is_killed(tmp_path: Path) -> None:
    with demonstration(tmp_path) as (process, text):
        process.kill()
        wait_until_silent(address(text))


def test_the_check_does_the_main_job() -> None:
    command = [sys.executable, "manage.py", "demo", "--check"]
    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "has every answer as typed, and the file byte for byte" in finished.stdout


def test_a_part_that_ends_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    family = Family(environment=os.environ, folder=PROJECT, logs=tmp_path)
    part = family.start("worker", [sys.executable, "-c", "raise SystemExit('out of luck')"])
    part.process.wait(timeout=30)

    with pytest.raises(DemoError, match=r"(?s)The worker has stopped \(exit code 1\).*out of luck"):
        family.check()
    family.stop()


def test_its_environment_is_complete_and_takes_no_setting_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://the-developers-own")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    place = Place(tmp_path / "demo")
    place.create()
    environment = child(place, port=1, sandbox_port=2)

    assert environment["DATABASE_URL"].startswith("sqlite:///")
    assert environment["ENV_FILE"] == ""
    assert "HTTP_PROXY" not in environment
    assert place.secret_key.stat().st_mode & 0o777 == 0o600
    assert place.folder.stat().st_mode & 0o777 == 0o700


def test_a_free_port_is_not_one_that_is_taken() -> None:
    port = free_port(0)

    assert free_port(port, taken=[port]) != port

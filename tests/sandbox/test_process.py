"""The sandbox as a process: how it starts, says that it is ready, and stops."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.fixtures.sandbox import ROOT
from tests.fixtures.waiting import HANG_SECONDS

MODULE = [sys.executable, "-m", "sandbox"]
COMMAND = [sys.executable, "manage.py", "sandbox"]


@contextmanager
def running(command: list[str], *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a sandbox on free ports, and yield the process and the line that it printed."""
    process = subprocess.Popen(
        [*command, "--port", "0", "--until-stdin-closes", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    with process.stdin, process.stdout, process.stderr:
        try:
            yield process, process.stdout.readline()
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def address(line: str) -> str:
    match = re.search(r"http://\S+", line)
    assert match, line
    return match[0]


@pytest.mark.parametrize("command", [MODULE, COMMAND], ids=["module", "manage.py"])
def test_it_says_in_one_line_that_it_is_ready(command: list[str]) -> None:
    with running(command) as (process, line):
        assert re.fullmatch(
            r"Pneumatic sandbox at http://127\.0\.0\.1:\d+ \(files on port \d+, API key sandbox-key\): "
            r"17 templates, 32 users\. Ctrl-C stops it\.\n",
            line,
        )
        key = {"Authorization": "Bearer sandbox-key"}
        assert len(requests.get(address(line) + "/templates", headers=key, timeout=60).json()) == 17
        process.terminate()
        assert process.communicate(timeout=HANG_SECONDS) == ("", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_on_a_signal(number: signal.Signals) -> None:
    with running(MODULE) as (process, line), requests.Session() as session:
        session.get(address(line), timeout=60)  # an open connection must not hold it up
        process.send_signal(number)
        assert process.wait(timeout=HANG_SECONDS) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_it_ends_with_the_process_that_started_it() -> None:
    with running(MODULE) as (process, _):
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=HANG_SECONDS) == 0


def test_a_busy_port_is_reported_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for options in (["--port", port, "--files-port", "0"], ["--port", "0", "--files-port", port]):
            result = subprocess.run(
                [*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert result.returncode == 1
            assert result.stdout == ""
            assert result.stderr.count("\n") == 1
            assert port in result.stderr
            assert "in use by another program" in result.stderr


def test_a_foreign_address_is_reported_in_one_sentence() -> None:
    result = subprocess.run(
        [*MODULE, "--host", "192.0.2.1", "--port", "0"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("The sandbox cannot listen on 192.0.2.1")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--large", "-1"],
        ["--dataset", "none"],
        ["--api-key-file", "/nowhere"],
    ],
)
def test_a_wrong_option_is_refused(options: list[str]) -> None:
    result = subprocess.run([*MODULE, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert options[1] in result.stderr


def test_a_chosen_key_is_not_printed() -> None:
    with running(MODULE, "--api-key", "my-own-key") as (_, line):
        assert "my-own-key" not in line
        assert "API key as given" in line
        response = requests.get(
            address(line) + "/templates", headers={"Authorization": "Bearer my-own-key"}, timeout=60
        )
        assert response.status_code == 200


def test_a_key_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("my-own-key\n")
    with running(MODULE, "--api-key-file", str(file)) as (_, line):
        response = requests.get(
            address(line) + "/templates", headers={"Authorization": "Bearer my-own-key"}, timeout=60
        )
        assert response.status_code == 200


def test_a_large_account_can_be_requested() -> None:
    with running(MODULE, "--dataset", "large", "--large", "100") as (_, line):
        assert "100 templates, 250 users" in line


def test_it_needs_neither_django_nor_another_app() -> None:
    code = (
        "import sys, sandbox.cli\n"
        "own = [name for name in sys.modules if name.startswith('apps.') and not name.startswith('sandbox')]\n"
        "sys.exit(bool(own) or 'django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

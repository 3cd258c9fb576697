"""The demonstration as processes: it starts, prints its logins, keeps its data, and leaves nothing running."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from demo.browser import Browser
from demo.command import DIALECTS
from demo.environment import PROJECT, Place, child
from demo.processes import DemoError, Family, answers, free_port
from tests.fixtures.depth import exhaustive
from tests.fixtures.waiting import HANG_SECONDS, wait_for

both_generations = pytest.mark.parametrize("dialect", exhaustive(DIALECTS, but=["current"]))


@contextmanager
def demonstration(
    folder: Path, *, port: int = 0, dialect: str = "documented"
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a demonstration; yield its process and its output until it was ready."""
    command = [
        sys.executable,
        "manage.py",
        "demo",
        f"--port={port}",
        "--sandbox-port=0",
        f"--data-dir={folder}",
        f"--dialect={dialect}",
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
    """Handle Ctrl-C again: a shell starts background jobs so that they and their children ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def address(text: str) -> str:
    """Return the dashboard's address; lines above that one may name the address of an earlier start."""
    found = re.search(r"^Pneumatic Dash is running: (\S+)$", text, flags=re.MULTILINE)
    assert found, text
    return found[1]


def sandbox_address(folder: Path) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", (folder / "logs" / "sandbox.log").read_text())
    assert found
    return found[0]


def hurry(sandbox: str) -> None:
    requests.patch(
        f"{sandbox}/_sandbox/settings", json={"pace": 0.05}, timeout=HANG_SECONDS
    ).raise_for_status()


def finish_one_without_events(sandbox: str) -> int:
    """Complete a workflow without events while the simulated people pause; return its id."""
    control = f"{sandbox}/_sandbox"
    requests.patch(f"{control}/settings", json={"pace": 0}, timeout=HANG_SECONDS).raise_for_status()
    requests.post(f"{control}/deliveries/wait", json={"seconds": 10}, timeout=HANG_SECONDS).raise_for_status()
    workflows = requests.get(f"{control}/workflows", timeout=HANG_SECONDS).json()
    workflow = next(item for item in workflows if item["status"] in {0, 3})
    while workflow["status"] in {0, 3}:
        action = "complete" if workflow["status"] == 0 else "resume"
        step = {"workflow_id": workflow["id"], "action": action, "silent": True}
        workflow = requests.post(f"{control}/steps", json=step, timeout=HANG_SECONDS).json()
    return int(workflow["id"])


@contextmanager
def operator_at(folder: Path, url: str) -> Iterator[Callable[[], dict[int, str]]]:
    """Sign the operator in; yield a function that returns the status of each workflow in the dashboard."""
    with Browser(url) as operator:
        operator.sign_in("operator", (folder / "password_operator").read_text().strip())

        def states() -> dict[int, str]:
            text = operator.get("/workflows/export.csv").content.decode("utf-8-sig")
            return {int(row["Workflow ID"]): row["Status"] for row in csv.DictReader(io.StringIO(text))}

        yield states


def wait_until_stopped(url: str) -> None:
    port = int(url.rpartition(":")[2])
    wait_for(lambda: not answers(port))


def stop(process: subprocess.Popen[str], url: str) -> None:
    """Press Ctrl-C and check that all processes have ended."""
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=HANG_SECONDS) == 0
    wait_until_stopped(url)


def logins_in(text: str) -> list[str]:
    return re.findall(r"^  (?:admin|operator|integrator) +(\S+)", text, flags=re.MULTILINE)


@pytest.mark.exhaustive
@both_generations
def test_workflows_progress_and_continue_at_another_address(tmp_path: Path, dialect: str) -> None:
    with demonstration(tmp_path, dialect=dialect) as (process, text):
        url, logins = address(text), logins_in(text)
        assert len(logins) == 3
        assert requests.get(f"{url}/healthz", timeout=HANG_SECONDS).status_code == 200
        assert "The operator launched" in text
        with operator_at(tmp_path, url) as states:
            wait_for(lambda: len(states()) >= 4)
            hurry(sandbox_address(tmp_path))
            wait_for(lambda: "completed" in states().values())
        ended = finish_one_without_events(sandbox_address(tmp_path))
        stop(process, url)
    with demonstration(tmp_path, dialect=dialect) as (_process, text):
        new_url, sandbox = address(text), sandbox_address(tmp_path)
        assert logins_in(text) == logins
        rows = requests.get(f"{sandbox}/_sandbox/subscriptions", timeout=HANG_SECONDS).json()
        # The old address is no longer subscribed, and nothing is subscribed twice.
        assert len({row["event"] for row in rows}) == len(rows) == 4
        assert all(row["target"].startswith(f"{new_url}/hooks/") for row in rows)
        assert new_url != url
        assert "Workflows that ended while the demonstration was stopped: 1\n" in text
        with operator_at(tmp_path, new_url) as states:
            wait_for(lambda: states()[ended] == "completed")
            alive = {id_ for id_, state in states().items() if state in {"running", "snoozed"}}
            assert alive
            hurry(sandbox)
            wait_for(lambda: any(states()[id_] == "completed" for id_ in alive))


@pytest.mark.exhaustive
@pytest.mark.parametrize("dialect", DIALECTS)
def test_workflows_that_the_sandbox_forgot_end_in_the_dashboard(tmp_path: Path, dialect: str) -> None:
    with demonstration(tmp_path, dialect=dialect) as (process, text):
        with operator_at(tmp_path, address(text)) as states:
            wait_for(lambda: len(states()) >= 4)
            before = states()
        stop(process, address(text))
    (tmp_path / "sandbox.json").unlink()
    over = {"terminated", "completed", "deleted in Pneumatic"}
    with demonstration(tmp_path, dialect=dialect) as (_process, text):
        assert "Workflows that ended while the demonstration was stopped" in text
        ids = requests.get(f"{sandbox_address(tmp_path)}/_sandbox/workflows", timeout=HANG_SECONDS).json()
        assert min(item["id"] for item in ids) > max(before)
        with operator_at(tmp_path, address(text)) as states:
            wait_for(lambda: {states()[id_] for id_ in before} <= over)


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child when its parent ends")
def test_it_takes_another_port_for_a_busy_one_and_leaves_nothing_when_it_is_killed(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with demonstration(tmp_path, port=port) as (process, text):
            assert f"Port {port} is busy" in text
            assert address(text) != f"http://127.0.0.1:{port}"
            sandbox = sandbox_address(tmp_path)
            process.kill()
            wait_until_stopped(address(text))
            wait_until_stopped(sandbox)


@pytest.mark.exhaustive  # `.ci/run` does just this, for each dialect
@pytest.mark.parametrize(
    "api", [*(f"--dialect={name}" for name in DIALECTS), "--release=1.0", "--release=4.3"]
)
def test_the_check_does_the_main_job(api: str) -> None:
    command = [sys.executable, "manage.py", "demo", "--check", api]
    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    for proof in (
        "Subscribed to all four events",
        "has every answer as typed, and the file byte for byte",
        "The receiver took 7 events",
        "its page shows each of them",
        "no events are sent",
    ):
        assert proof in finished.stdout


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
def test_the_check_fails_without_a_worker() -> None:
    command = [sys.executable, "manage.py", "demo", "--check"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            if line.startswith("Starting the web server and the worker"):
                break
        wait_for(lambda: bool(workers_of(process.pid)))
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        text, _ = process.communicate(timeout=HANG_SECONDS)

    assert process.returncode == 1, text
    assert "The worker has stopped" in text


def workers_of(pid: int) -> list[int]:
    """Return the processes below ``pid`` that are workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"\0worker\0" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_process_that_stops_is_named_with_its_last_output(tmp_path: Path) -> None:
    family = Family(environment=os.environ, folder=PROJECT, logs=tmp_path)
    part = family.start("worker", [sys.executable, "-c", "raise SystemExit('out of luck')"])
    part.process.wait(timeout=HANG_SECONDS)

    with pytest.raises(DemoError, match=r"(?s)The worker has stopped \(exit code 1\).*out of luck"):
        family.check()
    family.stop()


def test_its_environment_is_complete_and_ignores_settings_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://the-developers-own")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    place = Place(tmp_path / "demo")
    place.create()
    environment = child(place, port=1, sandbox_port=2, files_port=3)

    assert environment["DATABASE_URL"].startswith("sqlite:///")
    assert environment["ENV_FILE"] == ""
    assert "HTTP_PROXY" not in environment
    assert place.secret_key.stat().st_mode & 0o777 == 0o600
    assert place.folder.stat().st_mode & 0o777 == 0o700


def test_a_free_port_is_never_a_taken_one() -> None:
    port = free_port(0)

    assert free_port(port, taken=[port]) != port


@pytest.mark.ci
def test_another_command_runs_with_its_settings(tmp_path: Path) -> None:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "demo", f"--data-dir={tmp_path}", *command],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    before = run("check")
    place = Place(tmp_path)
    place.keep(child(place, port=8000, sandbox_port=65_000, files_port=65_001))
    after = run("check_connection")

    assert (before.returncode, before.stderr) == (1, "Start the demonstration once before this: make demo\n")
    assert after.returncode == 1, "no sandbox runs"
    assert "127.0.0.1:65000" in after.stdout + after.stderr
    assert place.api_key.read_text(encoding="utf-8").strip() not in (tmp_path / "settings.json").read_text(
        "utf-8"
    )

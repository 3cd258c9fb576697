"""What ``manage.py demo`` does: everything on this machine, with a sandbox in place of Pneumatic."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import OutputWrapper
from requests import RequestException

from demo import environment
from demo.browser import Browser
from demo.check import MainJob
from demo.check_events import EventsJob
from demo.environment import HOST, PROJECT, Place, manage
from demo.processes import DemoError, Family, free_port
from demo.sandbox_api import SandboxApi

DIALECTS = ("documented", "current")
RELEASES = ("1.0", "2.0", "3.2", "4.0", "4.3", "5.0", "6.0", "7.0", "7.3")  # of the current one
SANDBOX_PACE_SECONDS = 3.0  # between two actions of the simulated users
LAST_DELIVERIES_SECONDS = 3  # that the sandbox may take to deliver its last events

Say = Callable[[str], None]
Login = dict[str, str]  # username, password and role of a user of the demonstration


def run(
    options: Mapping[str, Any],
    *,
    stdout: OutputWrapper,
    stderr: OutputWrapper,
    highlight: Callable[[str], str],
) -> int:
    """Run the demonstration until Ctrl-C, or its check until it is done; return the exit code.

    ``options`` are those of the management command; ``highlight`` colours the line that says where to go. All
    processes that were started have ended when this returns.
    """

    def say(text: str) -> None:
        stdout.write(text)
        stdout.flush()

    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        try:
            if options["command"]:
                return _manage(_place(stack, options), options["command"])
            _demonstrate(stack, options, say, highlight)
        except DemoError as error:
            stderr.write(str(error))
            return 1
        except KeyboardInterrupt:
            say("\nStopping. The data stays for the next time.")
    return 0


def _manage(place: Place, command: Sequence[str]) -> int:
    """Run a management command with the settings of the last start; return its exit code."""
    settings = place.kept()
    if settings is None:
        raise DemoError("Start the demonstration once before this: make demo")
    return subprocess.run(manage(*command), cwd=PROJECT, env=settings, check=False).returncode  # noqa: S603 - our own


def _demonstrate(
    stack: ExitStack, options: Mapping[str, Any], say: Say, highlight: Callable[[str], str]
) -> None:
    """Start the parts one after the other, then check them or watch them; ``stack`` stops them."""
    place = _place(stack, options)
    port, sandbox_port, files_port = _ports(options, say)
    settings = environment.child(place, port=port, sandbox_port=sandbox_port, files_port=files_port)
    place.keep(settings)
    family = Family(environment=settings, folder=PROJECT, logs=place.logs)
    stack.callback(family.stop)

    say("Preparing the database and the static files")
    family.run("migrate", manage("migrate", "--verbosity=0"))
    family.run("collectstatic", manage("collectstatic", "--noinput", "--verbosity=0"))

    say("Starting the sandbox")
    first_id = family.run("Looking for workflows of last time", _module("first_id"))
    sandbox = family.start(
        "sandbox",
        _sandbox(place, _api(options), sandbox_port, files_port, first_id.strip()),
        listens=True,
    )
    family.wait_for_port(sandbox, sandbox_port)
    api = SandboxApi(f"http://{HOST}:{sandbox_port}", place.api_key.read_text(encoding="utf-8").strip())

    say("Fetching templates and users")
    family.run("The first sync", manage("sync"), quiet=False)
    logins = json.loads(family.run("Creating the users", _module("people", str(place.folder))))

    say("Starting the web server and the worker")
    web = family.start("web server", _gunicorn(port))
    family.start("worker", manage("worker", "--interval=0.2", "--no-startup-delay", "--no-reload"))
    family.wait_for_port(web, port)

    url = f"http://{HOST}:{port}"
    if options["check"]:
        try:
            _check(url, api, logins, family, say)
        except (DemoError, RequestException) as error:
            raise DemoError(f"{error}\nLast output of the web server:\n{web.last_words()}") from None
        return
    say("Subscribing to the events of workflows")
    say(family.run("Connecting with the sandbox", _module("connecting", str(place.folder))).rstrip())
    # Runs before the processes are stopped: an event sent after that would be lost.
    stack.callback(_pause_sandbox, api)
    api.control("PATCH", "settings", {"pace": SANDBOX_PACE_SECONDS, "delays": True})
    say(f"\n{highlight(f'Pneumatic Dash is running: {url}')}\n")
    _show_logins(url, logins, place, say)
    family.watch()


def _check(url: str, api: SandboxApi, logins: list[Login], family: Family, say: Say) -> None:
    """Do the main job as the users who do it; raise DemoError or RequestException when anything is wrong."""
    with Browser(url) as operator, Browser(url) as integrator:
        for browser, name in ((operator, "operator"), (integrator, "integrator")):
            login = next(login for login in logins if login["username"] == name)
            browser.sign_in(name, login["password"])
            say(f"Signed in as {name}")
        events = EventsJob(integrator=integrator, operator=operator, sandbox=api, alive=family.check, say=say)
        events.subscribe()
        workflow, launch = MainJob(browser=operator, sandbox=api, say=say).do()
        events.follow(workflow, launch.removeprefix(url))
        events.unsubscribe(workflow["template_id"])
    family.check()


def _place(stack: ExitStack, options: Mapping[str, Any]) -> Place:
    """Return the folder to work in: for a check a temporary one that ``stack`` deletes."""
    if options["check"]:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pneumatic-dash-check-")))
    else:
        # A folder for each API: ids of one kind of Pneumatic mean something else to the other.
        name = options["release"] or options["dialect"]
        folder = options["data_dir"] or PROJECT / "var" / ("demo" if name == DIALECTS[0] else f"demo-{name}")
    place = Place(folder.resolve())
    place.create()
    return place


def _ports(options: Mapping[str, Any], say: Say) -> tuple[int, int, int]:
    """Return free ports for the dashboard, the sandbox and its files; say where one differs from ``options``."""

    def choose(purpose: str, wanted: int, taken: list[int]) -> int:
        port = free_port(wanted, taken=taken)
        if wanted and port != wanted:
            say(f"Port {wanted} is busy: {purpose} takes {port} instead.")
        return port

    wanted, sandbox_wanted = (0, 0) if options["check"] else (options["port"], options["sandbox_port"])
    port = choose("the dashboard", wanted, [])
    sandbox_port = choose("the sandbox", sandbox_wanted, [port])
    return port, sandbox_port, choose("the sandbox's files", sandbox_port + 1 if sandbox_port else 0, [port])


def _api(options: Mapping[str, Any]) -> str:
    """Return the option of the sandbox that names the API to simulate; a release is one of the current dialect."""
    release = options["release"]
    return f"--release={release}" if release else f"--dialect={options['dialect']}"


def _sandbox(place: Place, api: str, port: int, files_port: int, first_workflow_id: str) -> list[str]:
    """Return the command line of the sandbox."""
    return [
        *(sys.executable, "-m", "sandbox", f"--port={port}"),
        *(api, f"--files-port={files_port}", f"--api-key-file={place.api_key}"),
        *(f"--keep={place.sandbox}", f"--first-workflow-id={first_workflow_id}"),
        "--until-stdin-closes",
    ]


def _gunicorn(port: int) -> list[str]:
    """Return the command line of the web server."""
    return [
        *(sys.executable, "-m", "gunicorn", "pneumatic_dash.wsgi:application"),
        *("--bind", f"{HOST}:{port}"),
        *("--workers", "2", "--worker-class", "gthread", "--threads", "4"),
        *("--access-logfile", "-", "--graceful-timeout", "5"),
    ]


def _module(name: str, *arguments: str) -> list[str]:
    """Return the command line of one of the demonstration's own programs."""
    return [sys.executable, "-m", f"demo.{name}", *arguments]


def _show_logins(url: str, logins: list[Login], place: Place, say: Say) -> None:
    for login in logins:
        password = login["password"] or "(the one that you chose)"
        say(f"  {login['username']:<10} {password:<14} {login['role']}")
    say("")
    say(f"In the sandbox, simulated users work on workflows: watch them at {url}/workflows/")
    say(f"Logs are in {place.logs}. Ctrl-C stops everything; `make demo` continues where you stopped.")


def _pause_sandbox(api: SandboxApi) -> None:
    """Stop the simulated users and wait until the last events have arrived."""
    with suppress(DemoError, RequestException):
        api.control("PATCH", "settings", {"pace": 0})
        api.control("POST", "deliveries/wait", {"seconds": LAST_DELIVERIES_SECONDS})


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM like Ctrl-C: stop the parts first."""
    raise KeyboardInterrupt

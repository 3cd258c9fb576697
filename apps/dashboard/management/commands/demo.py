"""``manage.py demo``: everything on this machine, with a sandbox in place of Pneumatic."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from requests import RequestException

from demo import environment
from demo.browser import Browser
from demo.check import MainJob
from demo.check_events import EventsJob
from demo.environment import HOST, PROJECT, Place, manage
from demo.processes import DemoError, Family, free_port
from demo.sandbox_api import SandboxApi

DIALECTS = ("documented", "current")
PACE = 3.0  # seconds between two acts of the people in the sandbox


class Command(BaseCommand):
    help = (
        "Start the dashboard on a sandbox of Pneumatic: database, first sync, web server, worker, logins. "
        "Ctrl-C stops all of it; the data stays for the next time."
    )
    requires_system_checks: list[str] = []  # the processes that it starts check themselves

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="do the main job without a person, on data of its own, and exit 0, or 1 with the reason",
        )
        parser.add_argument("--port", type=int, default=8000, help="of the dashboard (default: %(default)s)")
        parser.add_argument(
            "--sandbox-port", type=int, default=8901, help="of the sandbox (default: %(default)s)"
        )
        parser.add_argument(
            "--dialect",
            choices=DIALECTS,
            default=DIALECTS[0],
            help="which Pneumatic the sandbox is: as documented, or of today (default: %(default)s)",
        )
        parser.add_argument(
            "--data-dir", type=Path, help="what it keeps (default: var/demo, a folder for each dialect)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupt)
        with ExitStack() as stack:
            try:
                if options["check"]:
                    temporary = tempfile.TemporaryDirectory(prefix="pneumatic-dash-check-")
                    folder = Path(stack.enter_context(temporary))
                    options |= {"port": 0, "sandbox_port": 0}
                else:
                    folder = options["data_dir"] or _folder(options["dialect"])
                self._demonstrate(stack, Place(folder.resolve()), options)
            except DemoError as error:
                self.stderr.write(str(error))
                sys.exit(1)
            except KeyboardInterrupt:
                self._say("\nStopping. The data stays for the next time.")

    def _demonstrate(self, stack: ExitStack, place: Place, options: dict[str, Any]) -> None:
        place.create()
        dialect = options["dialect"]
        port = self._port("the dashboard", options["port"], taken=[])
        sandbox_port = self._port("the sandbox", options["sandbox_port"], taken=[port])
        files_port = self._port("the sandbox's files", sandbox_port + 1 if sandbox_port else 0, taken=[port])
        settings = environment.child(place, port=port, sandbox_port=sandbox_port, files_port=files_port)
        family = Family(environment=settings, folder=PROJECT, logs=place.logs)
        stack.callback(family.stop)

        self._say("Preparing the database and the static files")
        family.run("migrate", manage("migrate", "--verbosity=0"))
        family.run("collectstatic", manage("collectstatic", "--noinput", "--verbosity=0"))

        self._say("Starting the sandbox")
        first_id = family.run("Looking for workflows of last time", _module("first_id"))
        sandbox = family.start(
            "sandbox",
            [
                *(sys.executable, "-m", "sandbox", f"--port={sandbox_port}"),
                *(f"--dialect={dialect}", f"--files-port={files_port}", f"--api-key-file={place.api_key}"),
                *(f"--keep={place.sandbox}", f"--first-workflow-id={first_id.strip()}"),
                "--until-stdin-closes",
            ],
            listens=True,
        )
        family.wait_for_port(sandbox, sandbox_port)
        api_key = place.api_key.read_text(encoding="utf-8").strip()
        api = SandboxApi(f"http://{HOST}:{sandbox_port}", api_key)

        self._say("Fetching templates and users")
        family.run("The first sync", manage("sync"), quiet=False)
        people = json.loads(family.run("Making the people", _module("people", str(place.folder))))

        self._say("Starting the web server and the worker")
        web = family.start("web server", _gunicorn(port))
        family.start("worker", manage("worker", "--interval=0.2", "--no-startup-delay", "--no-reload"))
        family.wait_for_port(web, port)

        url = f"http://{HOST}:{port}"
        if options["check"]:
            try:
                self._check(url, api, people, family)
            except (DemoError, RequestException) as error:
                raise DemoError(f"{error}\nThe web server's last words:\n{web.last_words()}") from None
            return
        self._say("Subscribing to the events of workflows")
        self._say(
            family.run("Connecting with the sandbox", _module("connecting", str(place.folder))).rstrip()
        )
        # Stopped first of all: what happens while nobody listens would never be heard of.
        stack.callback(_quieten, api)
        api.control("PATCH", "settings", {"pace": PACE, "delays": True})
        self._welcome(url, people, place)
        family.watch()

    def _check(self, url: str, api: SandboxApi, people: list[dict[str, str]], family: Family) -> None:
        """Do the main job as the people who do it; raise DemoError or RequestException when anything is wrong."""
        with Browser(url) as operator, Browser(url) as integrator:
            for browser, name in ((operator, "operator"), (integrator, "integrator")):
                person = next(person for person in people if person["username"] == name)
                browser.sign_in(name, person["password"])
                self._say(f"Signed in as {name}")
            events = EventsJob(
                integrator=integrator, operator=operator, sandbox=api, alive=family.check, say=self._say
            )
            events.subscribe()
            workflow, launch = MainJob(browser=operator, sandbox=api, say=self._say).do()
            events.follow(workflow, launch.removeprefix(url))
            events.unsubscribe(workflow["template_id"])
        family.check()

    def _port(self, purpose: str, wanted: int, *, taken: list[int]) -> int:
        port = free_port(wanted, taken=taken)
        if wanted and port != wanted:
            self._say(f"Port {wanted} is busy: {purpose} takes {port} instead.")
        return port

    def _welcome(self, url: str, people: list[dict[str, str]], place: Place) -> None:
        self._say("")
        self._say(self.style.SUCCESS(f"Pneumatic Dash is running: {url}"))
        self._say("")
        for person in people:
            password = person["password"] or "(the one that you chose)"
            self._say(f"  {person['username']:<10} {password:<14} {person['role']}")
        self._say("")
        self._say("In the sandbox, people work on workflows: watch them at " + f"{url}/workflows/")
        self._say(f"Logs are in {place.logs}. Ctrl-C stops everything; `make demo` goes on where you left.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _module(name: str, *arguments: str) -> list[str]:
    """Return the command line of one of the demonstration's own programs."""
    return [sys.executable, "-m", f"demo.{name}", *arguments]


def _quieten(api: SandboxApi) -> None:
    """Let the sandbox's people rest and its last events arrive, before anything is stopped."""
    with suppress(DemoError, RequestException):
        api.control("PATCH", "settings", {"pace": 0})
        api.control("POST", "deliveries/wait", {"seconds": 3})


def _folder(dialect: str) -> Path:
    """Return where a demonstration keeps its things: what one kind of Pneumatic told means nothing to the other."""
    return PROJECT / "var" / ("demo" if dialect == DIALECTS[0] else f"demo-{dialect}")


def _gunicorn(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "pneumatic_dash.wsgi:application"),
        *("--bind", f"{HOST}:{port}"),
        *("--workers", "2", "--worker-class", "gthread", "--threads", "4"),
        *("--access-logfile", "-", "--graceful-timeout", "5"),
    ]


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Treat a polite request to end like Ctrl-C: stop the parts first."""
    raise KeyboardInterrupt

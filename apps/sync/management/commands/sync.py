"""``manage.py sync``: synchronise the mirror with Pneumatic."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from apps.core.database import state
from apps.pneumatic.client import capabilities
from apps.sync import console, engine, registry
from apps.sync.models import SyncRun
from apps.sync.runs import SyncAlreadyRunningError

FAILED, REFUSED = 1, 2


class Command(BaseCommand):
    help = (
        "Fetch templates, users, groups and webhook subscriptions from Pneumatic and update the local copies. "
        "Exit codes: 0 done, 1 failed, 2 refused (mass removal, wrong arguments)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("resources", nargs="*", help="What to synchronise (default: everything).")
        parser.add_argument(
            "--allow-removals",
            action="store_true",
            help="Confirm that more than a fifth of a resource may be marked removed.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Show changes without writing them.")
        parser.add_argument("--json", action="store_true", help="Print only the result, as JSON.")

    def handle(self, *args: str, **options: Any) -> None:
        resources, as_json, verbosity = options["resources"], options["json"], options["verbosity"]
        unknown = [name for name in resources if name not in registry.names()]
        if unknown:
            server = capabilities()
            known = ", ".join(name for name in registry.names() if registry.get(name).is_supported(server))
            raise CommandError(
                f"Cannot sync {', '.join(unknown)}: unknown. Choose from: {known}.",
                returncode=REFUSED,
            )
        readiness = state.check()
        if not readiness.is_ready:
            advice = (
                "Migrations are missing: run manage.py migrate."
                if readiness.database == "ok"
                else "It cannot be reached: check DATABASE_URL."
            )
            raise CommandError(f"The database is not ready. {advice}", returncode=FAILED)
        report = None if as_json or not verbosity else console.Lines(self._write)
        run_sync = partial(
            engine.run_sync,
            resources or None,
            trigger=SyncRun.Trigger.COMMAND,
            allow_removals=options["allow_removals"],
            dry_run=options["dry_run"],
        )
        try:
            if sys.stderr.isatty():
                with console.Bars(Console(stderr=True)) as bars:
                    run = run_sync(report=bars)
            else:
                run = run_sync(report=report)
        except SyncAlreadyRunningError as busy:
            if as_json:
                self._print_json({"run": None, "state": "busy", "error": str(busy), "resources": []})
            raise CommandError(str(busy), returncode=FAILED) from None
        if as_json:
            self._print_json(console.as_json(run))
        elif verbosity:
            self._print_lines(run, names=run.dry_run or verbosity > 1)
        self._raise_for_failure(run)

    def _write(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _print_lines(self, run: SyncRun, *, names: bool) -> None:
        for result in run.results.all():
            self._write(console.line(result, dry_run=run.dry_run))
            for text in console.unreadable_lines(result):
                self._write(text)
            if names:
                for text in console.name_lines(result):
                    self._write(text)
            for note in console.notes(result, dry_run=run.dry_run):
                self._write(f"  {note}")

    def _raise_for_failure(self, run: SyncRun) -> None:
        error = console.printable(run.error.replace("\n", " "))
        if run.state == SyncRun.State.REFUSED:
            raise CommandError(
                f"Refused. {error} To confirm, run again with --allow-removals.", returncode=REFUSED
            )
        if run.state == SyncRun.State.INCOMPLETE:
            raise CommandError(f"Incomplete. {error}", returncode=FAILED)
        if run.state != SyncRun.State.DONE:
            raise CommandError(f"Failed. {error}", returncode=FAILED)

    def _print_json(self, data: dict[str, Any]) -> None:
        self._write(json.dumps(data, indent=2))

"""``manage.py reconcile``: update all workflows from Pneumatic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.database import state
from apps.pneumatic import server
from apps.pneumatic.client import connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.release_report import missed_events_text
from apps.workflows.models import Workflow
from apps.workflows.reconciliation.reconciler import ReconciliationReport, UpdatedWorkflow
from apps.workflows.reconciliation.schedule import run, unconfirmed_deletions_message

FAILED, IMPOSSIBLE, REFUSED = 1, 2, 2


class Command(BaseCommand):
    help = (
        "Compare all workflows with Pneumatic and update them, with what events missed and what was deleted there. "
        "Can run while the worker runs. Exit code 0: done. 1: failed. 2: this Pneumatic version cannot list "
        "workflows, or more than a fifth of the open workflows would count as deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--allow-deletions",
            action="store_true",
            help="Confirm that more than a fifth of the open workflows may have been deleted in Pneumatic.",
        )

    def handle(self, *args: str, **options: Any) -> None:
        if not state.check().is_ready:
            raise CommandError("The database is not ready: see manage.py migrate.", returncode=FAILED)
        try:
            with connect() as client:
                report = run(client, full=True, allow_deletions=options["allow_deletions"])
        except PneumaticError as error:
            raise CommandError(
                f"Not all workflows were compared. What was read until then is kept. {error}",
                returncode=FAILED,
            ) from None
        if not report.reads_back:
            raise CommandError(
                "This Pneumatic version cannot list workflows. They are known from events alone.",
                returncode=IMPOSSIBLE,
            )
        if options["verbosity"]:
            for line in _lines(report):
                self.stdout.write(line)
            if missed := missed_events_text(server.known_features()):
                self.stdout.write(missed)
        if reason := unconfirmed_deletions_message(report):
            raise CommandError(reason, returncode=REFUSED)


def _lines(report: ReconciliationReport) -> Iterator[str]:
    """Yield what was done, a line each."""
    for workflow in report.updated:
        yield f"Workflow {workflow.workflow_id} “{workflow.name}”: {_change(workflow)}."
    yield (
        f"Pneumatic listed {_many(report.listed)}; {report.read:,} {'was' if report.read == 1 else 'were'} read in "
        f"full, {len(report.updated):,} updated."
    )
    if report.deleted:
        yield f"Deleted in Pneumatic: {_many(report.deleted)}."
    if report.denied:
        yield f"The API key cannot read {_many(report.denied)}; these were not changed."
    if report.unreadable:
        yield f"The responses for {_many(report.unreadable)} could not be read; these were not changed."
    if report.asked:
        yield f"Of {_many(report.asked)} it was read who completed or returned tasks."
    yield "Pneumatic lists only what the API key's user started, and workflows of templates that this user owns."


def _change(workflow: UpdatedWorkflow) -> str:
    after = Workflow.State(workflow.after).label
    if not workflow.before:
        return f"added; {after}"
    before = Workflow.State(workflow.before).label
    return f"{after} (was {before})" if before != after else f"still {after}, with other details"


def _many(number: int) -> str:
    return f"{number:,} workflow{'' if number == 1 else 's'}"

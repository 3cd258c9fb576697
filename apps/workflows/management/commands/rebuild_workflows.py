"""``manage.py rebuild_workflows``: project every workflow again from the stored deliveries, and compare."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.database import state
from apps.webhooks.models import Event
from apps.workflows.models import Workflow
from apps.workflows.rebuild.differences import ProjectionDifference, RebuildProgress, apply, differences

DIFFERENT, REFUSED = 1, 2


class Command(BaseCommand):
    help = (
        "Read every stored delivery, project all workflows from them and compare with the stored workflows. "
        "Can run while the worker runs. Exit code 0: they agree, or --apply replaced them. 1: they differ. "
        "2: wrong arguments."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="Replace what differs.")
        parser.add_argument("--workflow", type=int, metavar="ID", help="Only this workflow.")

    def handle(self, *args: str, **options: Any) -> None:
        if not state.check().is_ready:
            raise CommandError("The database is not ready: see manage.py migrate.", returncode=DIFFERENT)
        one = options["workflow"]
        if one is not None and not _is_known(one):
            raise CommandError(f"Workflow {one} is unknown.", returncode=REFUSED)
        progress = RebuildProgress()
        remaining = 0
        for difference in differences(progress, one):
            for line in _lines(difference):
                self.stdout.write(line)
            if not options["apply"]:
                remaining += 1
            elif apply(difference):
                self.stdout.write(f"Workflow {difference.workflow_id}: replaced.")
            else:
                self.stdout.write(f"Workflow {difference.workflow_id}: could not be replaced completely.")
                remaining += 1
        if options["verbosity"]:
            self._summarise(progress)
        if remaining:
            raise CommandError(
                f"{remaining:,} of {_many(progress.workflows, 'workflow')} differ from their deliveries."
                + ("" if options["apply"] else " Replace them with --apply."),
                returncode=DIFFERENT,
            )

    def _summarise(self, progress: RebuildProgress) -> None:
        self.stdout.write(
            f"Compared {_many(progress.workflows, 'workflow')} with "
            f"{_many(progress.deliveries, 'stored delivery', 'stored deliveries')}: "
            f"{progress.workflows - progress.differing:,} agree, {progress.differing:,} differ."
        )
        if progress.pruned:
            self.stdout.write(
                f"Of {_many(progress.pruned, 'workflow')} some deliveries are pruned (prune_deliveries): "
                "their stored events were used."
            )


def _many(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _is_known(workflow_id: int) -> bool:
    return (
        Workflow.objects.filter(pk=workflow_id).exists()
        or Event.objects.filter(workflow_id=workflow_id).exists()
    )


def _lines(difference: ProjectionDifference) -> Iterator[str]:
    """Yield what differs, a line each."""
    prefix = f"Workflow {difference.workflow_id}:"
    if difference.is_missing:
        yield f"{prefix} missing, but it has deliveries."
    if difference.is_superfluous:
        yield f"{prefix} has no events."
    if difference.columns:
        yield f"{prefix} differs in {', '.join(difference.columns)}."
    for event_id, columns in difference.wrong_events.items():
        yield f"{prefix} event {event_id} differs in {', '.join(columns)}."
    if difference.lost_events:
        yield f"{prefix} no event is stored of deliveries {', '.join(map(str, difference.lost_events))}."
    for delivery_id, reason in difference.unreadable.items():
        yield f"{prefix} delivery {delivery_id} cannot be read: {reason}"

"""``manage.py prune_deliveries``: delete old deliveries."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.webhooks.processing.retention import prune


def days(text: str) -> int:
    """Parse a number of days, at least one."""
    if not text.isdecimal() or not 1 <= int(text) <= 36_500:
        raise ArgumentTypeError(f"{text!r} is not a number of days from 1 to 36500.")
    return int(text)


class Command(BaseCommand):
    help = (
        "Delete webhook deliveries older than some days, except those of running workflows, pending ones and dead "
        "letters. Events and workflows do not change."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=days,
            default=settings.WEBHOOK_RETENTION_DAYS,
            help="Minimum age of a delivery (default: %(default)s, see WEBHOOK_RETENTION_DAYS).",
        )
        parser.add_argument("--dry-run", action="store_true", help="Count only; delete nothing.")

    def handle(self, *args: str, **options: Any) -> None:
        pruned = prune(older_than=dt.timedelta(days=options["days"]), dry_run=options["dry_run"])
        if options["verbosity"]:
            verb = "Would delete" if options["dry_run"] else "Deleted"
            self.stdout.write(f"{verb} {pruned.deleted:,} deliveries older than {options['days']} days.")
            self.stdout.write(f"Kept {pruned.live:,} of running workflows.")
            self.stdout.write(f"Kept {pruned.open:,} that are pending or dead letters.")

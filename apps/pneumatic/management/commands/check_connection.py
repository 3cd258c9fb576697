"""``manage.py check_connection``: which Pneumatic version this is, what the API key can do, and what is missing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.pneumatic import connection_report
from apps.pneumatic.client import connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.release_report import CheckState

_LABELS = {
    CheckState.OK: "ok",
    CheckState.UNKNOWN: "?",
    CheckState.MISSING: "missing",
    CheckState.FAILED: "FAILED",
}


class Command(BaseCommand):
    help = (
        "Print which Pneumatic version the server has, what the API key can do, and what is missing. Changes nothing "
        "in Pneumatic. Exits with 0 if the dashboard can work with the connection, with 1 if it cannot."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Pneumatic at {settings.PNEUMATIC_API_URL or '(PNEUMATIC_API_URL is empty)'}")
        has_failed = False
        try:
            with connect() as client:
                for check in connection_report.run_checks(client):
                    has_failed = has_failed or check.state is CheckState.FAILED
                    self.stdout.write(f"  {_LABELS[check.state]:<8} {check.name}: {check.text}")
        except PneumaticError as error:
            raise CommandError(str(error)) from None
        if has_failed:
            raise CommandError("The dashboard cannot work with this connection.")

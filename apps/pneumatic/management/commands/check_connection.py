"""``manage.py check_connection``: which Pneumatic this is, what the key may do, and what is missing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.pneumatic import connection_report
from apps.pneumatic.client import connect
from apps.pneumatic.connection_report import CheckState
from apps.pneumatic.errors import PneumaticError

_SIGNS = {
    CheckState.OK: "ok",
    CheckState.UNTOLD: "?",
    CheckState.MISSING: "missing",
    CheckState.FAILED: "FAILED",
}


class Command(BaseCommand):
    help = (
        "Ask Pneumatic which kind it is, what the API key may do and what is missing, and say so in plain words. "
        "Nothing is changed there. Exits with 0 when the dashboard can work with it, 1 when it cannot."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Pneumatic at {settings.PNEUMATIC_API_URL or '(PNEUMATIC_API_URL is empty)'}")
        failed = False
        try:
            with connect() as client:
                for point in connection_report.examine(client):
                    failed = failed or point.state is CheckState.FAILED
                    self.stdout.write(f"  {_SIGNS[point.state]:<8} {point.name}: {point.text}")
        except PneumaticError as error:
            raise CommandError(str(error)) from None
        if failed:
            raise CommandError("The dashboard cannot work with this connection as it is.")

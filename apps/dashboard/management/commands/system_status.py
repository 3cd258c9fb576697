"""``manage.py system_status``: what the page System shows, for a terminal or a monitoring system."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.dashboard.system import checks
from apps.dashboard.system.conditions import Level, SystemPart


class Command(BaseCommand):
    """Print every check; exit 1 when one found a problem."""

    help = "Check worker, queue, connection to Pneumatic, database and disks. Exit 1 when something is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *, json: bool, **options: Any) -> None:
        """Print the result and end the process with its exit code."""
        parts = checks.run()
        self.stdout.write(_as_json(parts) if json else _as_text(parts))
        if checks.worst(parts) is Level.PROBLEM:
            sys.exit(1)


def _as_text(parts: list[SystemPart]) -> str:
    lines = []
    for part in parts:
        for condition in part.conditions:
            lines.append(f"{condition.level.upper():8} {part.label}: {condition.text}")
            if condition.advice:
                lines.append(f"{'':8} {condition.advice}")
    return "\n".join(lines)


def _as_json(parts: list[SystemPart]) -> str:
    found = {
        part.name: [
            {"level": condition.level.value, "text": condition.text, "advice": condition.advice}
            for condition in part.conditions
        ]
        for part in parts
    }
    return json.dumps({"status": checks.worst(parts).value, "parts": found}, indent=2)

#!/usr/bin/env python
"""Run administrative commands."""

from __future__ import annotations

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from apps.core.database.errors import first_line, trouble_behind
from demo import environment
from pneumatic_dash import output


def stop_if_misconfigured() -> None:
    """Load the settings, or exit with 1 and the one sentence that says what to write: a traceback would bury it."""
    try:
        _ = settings.DEBUG
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def execute(arguments: list[str]) -> None:
    """Run a command, or exit with 1 and a sentence where the database's trouble ended it."""
    try:
        execute_from_command_line(arguments)
    except Exception as error:
        trouble = trouble_behind(error)
        if trouble is None:
            raise
        sys.exit(f"The database is not available: {first_line(trouble)}. Try again in a moment.")


if __name__ == "__main__":
    output.protect()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pneumatic_dash.settings")
    if sys.argv[1:2] == ["demo"]:
        # It runs on a fresh clone, before there is any configuration, and never reads the developer's own.
        os.environ.update(environment.launcher())
    stop_if_misconfigured()
    execute(sys.argv)

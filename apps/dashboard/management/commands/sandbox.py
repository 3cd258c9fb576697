"""``manage.py sandbox``: see sandbox/cli.py."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from sandbox.cli import add_arguments, run


class Command(BaseCommand):
    help = "Serve a simulator of the Pneumatic API over HTTP, with its own data, until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(options))

"""``manage.py demo``: see demo/command.py."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from demo.command import DIALECTS, RELEASES, run


class Command(BaseCommand):
    help = "Start the dashboard with a sandbox of Pneumatic. Ctrl-C stops all of it; the data stays for the next time."
    requires_system_checks = ()  # the processes that it starts run them

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add, default = parser.add_argument, "(default: %(default)s)"
        add("command", nargs="*", help="run this command on it instead, such as check_connection")
        add("--check", action="store_true", help="do the main job on separate data; exit 0 or 1")
        add("--port", type=int, default=8000, help=f"of the dashboard {default}")
        add("--sandbox-port", type=int, default=8901, help=f"of the sandbox {default}")
        add("--dialect", choices=DIALECTS, default=DIALECTS[0], help=f"API of the sandbox {default}")
        add("--release", choices=RELEASES, help="release of the current Pneumatic, instead of --dialect")
        add("--data-dir", type=Path, help="what it keeps (default: var/demo, a folder for each API)")

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(options, stdout=self.stdout, stderr=self.stderr, highlight=self.style.SUCCESS))

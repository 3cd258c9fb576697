#!/usr/bin/env python
"""Run administrative commands."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from demo import environment

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pneumatic_dash.settings")
    if sys.argv[1:2] == ["demo"]:
        # It runs on a fresh clone, before there is any configuration, and never reads the developer's own.
        os.environ.update(environment.launcher())
    execute_from_command_line(sys.argv)

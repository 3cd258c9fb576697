"""Run the sandbox without Django: ``python -m apps.sandbox``."""

from __future__ import annotations

import argparse
import sys

from .cli import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m apps.sandbox", description=sys.modules["apps.sandbox"].__doc__
    )
    add_arguments(parser)
    sys.exit(run(vars(parser.parse_args())))

"""Run the sandbox without Django: ``python -m sandbox``."""

from __future__ import annotations

import argparse
import sys

from .cli import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=sys.modules["sandbox"].__doc__)
    add_arguments(parser)
    sys.exit(run(vars(parser.parse_args())))

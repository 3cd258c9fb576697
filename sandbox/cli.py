"""The command line of the sandbox, with and without Django: ``manage.py sandbox``, ``python -m sandbox``."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from .checks import MAX_SECONDS
from .control import Start
from .current.releases import NEWEST, RELEASES
from .data import DATASETS
from .sandbox import Sandbox
from .state import CURRENT, DIALECTS, DOCUMENTED

DEFAULT_PORT = 8901
DEFAULT_KEY = "sandbox-key"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's options to a parser."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="port of the API; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--files-port",
        type=_port,
        default=None,
        help="port of the upload store (default: the one after --port)",
    )
    parser.add_argument(
        "--api-key", default=DEFAULT_KEY, help="the key that is accepted (default: %(default)s)"
    )
    parser.add_argument(
        "--api-key-file",
        dest="api_key",
        type=_key_in,
        default=argparse.SUPPRESS,
        metavar="PATH",
        help="file that holds the key: every user of the machine can read a command line",
    )
    parser.add_argument(
        "--dialect",
        choices=DIALECTS,
        default=None,
        help=f"the API as documented, or that of the current server (default: {DOCUMENTED})",
    )
    parser.add_argument(
        "--release",
        choices=RELEASES,
        default=None,
        help=f"release of the current server, with --dialect {CURRENT} or without it (default: {NEWEST.name})",
    )
    parser.add_argument(
        "--dataset", choices=DATASETS, default="demo", help="data to start with (default: %(default)s)"
    )
    parser.add_argument(
        "--large", type=_count, default=0, metavar="N", help="add N templates and 2.5 x N users to the data"
    )
    parser.add_argument(
        "--pace",
        type=_pace,
        default=0.0,
        metavar="SECONDS",
        help="let simulated people act every so many seconds; 0: never (default: %(default)g)",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        default=None,
        metavar="PATH",
        help="file that keeps workflows and subscriptions for the next start (default: all is forgotten)",
    )
    parser.add_argument(
        "--first-workflow-id",
        type=_id,
        default=0,
        metavar="ID",
        help="no new workflow gets a smaller id, even if kept ids are smaller",
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="stop when standard input ends: with the parent process",
    )


def run(options: dict[str, Any]) -> int:
    """Serve until a signal comes; return the exit code."""
    release = options["release"]
    dialect = options["dialect"] or (CURRENT if release else DOCUMENTED)
    if release and dialect != CURRENT:
        print(f"--release is one of --dialect {CURRENT}: leave out one of the two options.", file=sys.stderr)
        return 2
    port = options["port"]
    files_port = options["files_port"]
    if files_port is None:
        files_port = port + 1 if port else 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        sandbox = Sandbox(
            host=options["host"],
            port=port,
            files_port=files_port,
            api_key=options["api_key"],
            start=Start(
                dataset=options["dataset"],
                large=options["large"],
                pace=options["pace"],
                dialect=dialect,
                release=release or NEWEST.name,
            ),
            first_workflow_id=options["first_workflow_id"],
            keep=options["keep"],
        )
    except ValueError as error:
        print(f"{options['keep']} cannot be read: {error}.", file=sys.stderr)
        return 1
    except OSError as error:
        print(_why_not(error, options["host"], port, files_port), file=sys.stderr)
        return 1
    sandbox.start()
    if options["until_stdin_closes"]:
        threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
    key = DEFAULT_KEY if options["api_key"] == DEFAULT_KEY else "as given"
    print(
        f"Pneumatic sandbox at {sandbox.url} (files on port {sandbox.files_port}, API key {key}): "
        f"{len(sandbox.state.templates)} templates, {len(sandbox.state.users)} users. Ctrl-C stops it.",
        flush=True,
    )
    stop.wait()
    sandbox.stop()
    return 0


def _wait_for_end_of_input(stop: threading.Event) -> None:
    # Past the buffer of sys.stdin: a thread that holds its lock would make the interpreter's shutdown abort.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop.set()


def _why_not(error: OSError, host: str, port: int, files_port: int) -> str:
    if error.filename:
        return f"{error.filename} cannot be used: {error.strerror}."
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} or {files_port} on {host} is in use by another program: "
            "choose others with --port and --files-port."
        )
    return f"The sandbox cannot listen on {host}, ports {port} and {files_port}: {error.strerror or error}."


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65534:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number from 0 to 65534.")
    return int(text)


def _key_in(path: str) -> str:
    try:
        key = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        key = ""
    if not key:
        raise argparse.ArgumentTypeError(f"{path!r} contains no key.")
    return key


def _pace(text: str) -> float:
    try:
        pace = float(text)
    except ValueError:
        pace = -1
    if not 0 <= pace <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r}: write seconds from 0 to {MAX_SECONDS}.")
    return pace


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no id: write a number.")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 100_000:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number from 0 to 100000.")
    return int(text)

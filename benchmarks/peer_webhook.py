"""A peer of the receiver that is not durable: Debian's ``webhook``, which starts a program for every request.

The program is the smallest that keeps a body: a shell that appends it to a file. ``webhook`` responds
when the program has ended, so that the body was written, without waiting for the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import free_port, kill_group, start, wait_for_port

PROGRAM = shutil.which("webhook")
SCRIPT = """#!/bin/sh
printf '%s\\n' "$BODY" >> "$OUT"
"""


def version() -> str:
    """Return the version of ``webhook``; "" where it is not installed."""
    if PROGRAM is None:
        return ""
    printed = subprocess.run([PROGRAM, "-version"], capture_output=True, text=True, check=True)
    return printed.stdout.split()[-1]


@contextmanager
def webhook(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run it; give the address to post to and the file that it appends to."""
    script, hooks, kept = folder / "append.sh", folder / "hooks.json", folder / "kept.txt"
    script.write_text(SCRIPT, encoding="utf-8")
    script.chmod(0o700)
    hook = {
        "id": "append",
        "execute-command": str(script),
        "include-command-output-in-response": True,
        "pass-environment-to-command": [{"source": "raw-request-body", "envname": "BODY"}],
    }
    hooks.write_text(json.dumps([hook]), encoding="utf-8")
    port = free_port()
    process = start(
        [str(PROGRAM), "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(port)],
        environment={"PATH": os.environ["PATH"], "OUT": str(kept)},
        log=folder / "webhook.log",
    )
    try:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}/hooks/append", kept
    finally:
        kill_group(process)

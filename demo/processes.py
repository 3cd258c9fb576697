"""Child processes that live and die together."""

from __future__ import annotations

import ctypes
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
UNASSIGNED_PORTS = (15_000, 32_000)  # systems take ports for connections from above these
STOP_TIMEOUT_SECONDS = 30.0  # seconds for a server to answer, or for a process to end when asked
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class DemoError(Exception):
    """The demonstration cannot continue; the message says why."""


@dataclass
class DemoProcess:
    """One running process; ``name`` is shown to people, ``log`` is the file with its output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self, lines: int = 12) -> str:
        """Return the end of the log, indented."""
        text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        return "\n".join(f"    {line}" for line in text) or "    (it wrote nothing)"


class Family:
    """Starts parts, watches them, and stops all of them, after errors too."""

    def __init__(self, *, environment: Mapping[str, str], folder: Path, logs: Path) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._logs = logs
        self._parts: list[DemoProcess] = []

    def start(self, name: str, command: Sequence[str], *, listens: bool = False) -> DemoProcess:
        """Start a process that runs until ``stop``; a separate session keeps Ctrl-C for us to handle.

        One that ``listens`` ends with its standard input: wherever it runs, it does not outlive us.
        """
        log = self._logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - every command line is our own
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # one system call, before any thread runs
            )
        part = DemoProcess(name=name, process=process, log=log)
        self._parts.append(part)
        return part

    def run(self, name: str, command: Sequence[str], *, quiet: bool = True) -> str:
        """Run a process to its end and return what it printed; raise DemoError when it fails."""
        finished = subprocess.run(  # noqa: S603 - every command line is our own
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise DemoError(
                f"{name} failed (exit code {finished.returncode}).\n{finished.stdout or ''}".rstrip()
            )
        return finished.stdout or ""

    def check(self) -> None:
        """Raise DemoError when a part has ended unexpectedly."""
        for part in self._parts:
            code = part.process.poll()
            if code is not None:
                raise DemoError(f"The {part.name} has stopped (exit code {code}):\n{part.last_words()}")

    def wait_for_port(self, part: DemoProcess, port: int) -> None:
        """Return when something answers on the port; raise DemoError when the part ends or takes too long."""
        self.wait_until(f"The {part.name} does not answer on port {port}.", lambda: answers(port))

    def wait_until(self, complaint: str, condition: Callable[[], bool]) -> None:
        """Return when the condition holds; raise DemoError with the complaint after STOP_TIMEOUT_SECONDS."""
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(complaint)
            time.sleep(0.05)

    def watch(self) -> None:
        """Return never, unless a part ends: then raise DemoError."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """End every part, the last started first; who does not listen is killed."""
        for part in reversed(self._parts):
            if part.process.poll() is None:
                part.process.terminate()
        for part in reversed(self._parts):
            try:
                part.process.wait(timeout=STOP_TIMEOUT_SECONDS / 3)
            except subprocess.TimeoutExpired:
                part.process.kill()
                part.process.wait()
        self._parts.clear()


def answers(port: int) -> bool:
    """Return whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def free_port(wanted: int, *, taken: Sequence[int] = ()) -> int:
    """Return the wanted port, or the next one that is free; for 0, a free one chosen by chance.

    That one is below the range from which systems take ports for connections, so that no connection of another program
    takes it before it is used. Raise DemoError when 100 ports from there on are taken.
    """
    first = wanted or secrets.choice(range(*UNASSIGNED_PORTS))
    for port in range(first, first + 100):
        if port in taken or port > 65535:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError(f"No port from {first} to {first + 99} is free.")


def _die_with_parent() -> None:
    """Have the kernel end this process when the one that started it is gone, even by ``kill -9`` (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

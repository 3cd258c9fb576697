"""Whether the process that started a run still exists."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process: ``place`` names the kernel and the pid namespace it is in, ``started`` when it started.

    A pid alone proves nothing: pids are reused, and every container has a pid 1. On a system without ``/proc`` both are
    empty.
    """

    host: str
    pid: int
    place: str = ""
    started: str = ""

    @property
    def identity(self) -> str:
        """Return place and start as one text, for the database."""
        return f"{self.place}|{self.started}"

    @classmethod
    def current(cls) -> Process:
        """Return this process."""
        pid = os.getpid()
        return cls(host=socket.gethostname()[:255], pid=pid, place=_place(), started=_started(pid) or "")

    @classmethod
    def stored(cls, *, host: str, pid: int, identity: str) -> Process:
        """Return the process that ``identity`` was written by."""
        place, _, started = identity.partition("|")
        return cls(host=host, pid=pid, place=place, started=started)

    def is_known_gone(self) -> bool:
        """Return True when this process has certainly ended; False when it lives or that is unknown."""
        here = Process.current()
        if (here.host, here.place) != (self.host, self.place):
            return False
        if self.place:
            return _started(self.pid) != self.started
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Return when ``pid`` started, in clock ticks since boot; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # "pid (name) state ...": the name may hold blanks and brackets. A zombie has ended already.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]

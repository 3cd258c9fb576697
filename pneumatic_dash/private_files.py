"""Files that only the user of the dashboard may read, regardless of the umask: SQLite holds sessions and answers."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

_OTHERS = 0o077  # what group and others may do
_SUFFIXES = ("", "-wal", "-shm", "-journal")


class PrivateConnection(sqlite3.Connection):
    """A connection to a file that is private before the first byte of it exists; Django makes it by ``OPTIONS``."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what ``sqlite3.connect`` takes."""
        name = str(options["database"] if "database" in options else args[0])
        if name != ":memory:" and not name.startswith("file:"):
            make_private(Path(name))
        super().__init__(*args, **options)


def make_private(database: Path) -> None:
    """Create SQLite's file for its owner alone, or take it and its companions away from others.

    SQLite gives ``-wal`` and ``-shm`` the mode of the file. Files of another user stay as they are.
    """
    with suppress(OSError):  # it exists; or SQLite reports why it cannot
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for suffix in _SUFFIXES:
        _take_from_others(Path(f"{database}{suffix}"))


def make_private_folder(folder: Path) -> None:
    """Create a folder for its owner alone, or take it away from others."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _take_from_others(folder)


def _take_from_others(path: Path) -> None:
    with suppress(OSError):
        status = path.stat()
        if status.st_uid == os.geteuid() and status.st_mode & _OTHERS:
            path.chmod(status.st_mode & 0o700)

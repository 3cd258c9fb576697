"""Where a demonstration keeps its things, and the environment that its processes get.

Imports neither Django nor anything that needs settings: ``manage.py`` calls ``launcher()`` before they load.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
USERNAMES = ("admin", "operator", "integrator")
# Of the environment that we were started in, only what a program needs to run at all. No proxy: all is on HOST.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TERM", "COLUMNS", "NO_COLOR", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one demonstration; only its owner may read what is inside."""

    folder: Path

    def create(self) -> None:
        """Make the folder and its secrets, where they are not there from the last time."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for path in (self.secret_key, self.api_key, *map(self.passwords, USERNAMES)):
            if not path.exists():
                _write_secret(path, secrets.token_urlsafe(48 if path == self.secret_key else 9))

    def keep(self, settings: Mapping[str, str]) -> None:
        """Keep the environment of the processes for other commands; secrets are in it only as names of files."""
        self._settings.write_text(json.dumps(settings), encoding="utf-8")

    def kept(self) -> dict[str, str] | None:
        """Return the environment of the last start; None before the first one."""
        if not self._settings.is_file():
            return None
        settings: dict[str, str] = json.loads(self._settings.read_text(encoding="utf-8"))
        return settings

    @property
    def _settings(self) -> Path:
        return self.folder / "settings.json"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def secret_key(self) -> Path:
        return self.folder / "secret_key"

    @property
    def api_key(self) -> Path:
        return self.folder / "api_key"

    @property
    def sandbox(self) -> Path:
        """Return the file in which the sandbox keeps workflows and subscriptions."""
        return self.folder / "sandbox.json"

    def passwords(self, username: str) -> Path:
        """Return the file that holds a user's password."""
        return self.folder / f"password_{username}"


def launcher() -> dict[str, str]:
    """Return the settings of the process that starts the others; it opens no database and makes no request."""
    return {
        "ENV_FILE": "",
        "DEBUG": "False",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": "sqlite:///:memory:",
        "PUBLIC_URL": "",
        "PNEUMATIC_API_URL": f"http://{HOST}:9",
        "PNEUMATIC_DIALECT": "documented",
        "LOG_LEVEL": "warning",
    }


def child(place: Place, *, port: int, sandbox_port: int, files_port: int) -> dict[str, str]:
    """Return the complete environment of every process of a demonstration: a production configuration."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        **inherited,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(PROJECT),
        "DJANGO_SETTINGS_MODULE": "pneumatic_dash.settings",
        "ENV_FILE": "",
        "DEBUG": "False",
        "LOG_LEVEL": "info",
        "SECRET_KEY_FILE": str(place.secret_key),
        "DATABASE_URL": f"sqlite:///{quote(str(place.folder / 'dash.sqlite3'))}",
        "STATIC_ROOT": str(place.folder / "static"),
        "PUBLIC_URL": f"http://{HOST}:{port}",
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "COOKIE_PREFIX": f"demo{port}_",  # signing in here ends no session of another dashboard on this machine
        "PNEUMATIC_API_URL": f"http://{HOST}:{sandbox_port}",
        "PNEUMATIC_APP_URL": f"http://{HOST}:{sandbox_port}",
        "PNEUMATIC_API_KEY_FILE": str(place.api_key),
        "PNEUMATIC_DIALECT": "auto",
        # Where the sandbox implements the current API, its files have a separate address.
        "PNEUMATIC_FILES_URL": f"http://{HOST}:{files_port}",
    }


def manage(*arguments: str) -> list[str]:
    """Return the command line of one of the project's own commands."""
    return [sys.executable, str(PROJECT / "manage.py"), *arguments]


def _write_secret(path: Path, text: str) -> None:
    """Write a file that no other user can read at any time."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")

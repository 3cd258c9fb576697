"""System checks of the deployment, for ``manage.py check --deploy``.

Invalid values (of numbers, of addresses) stop the start in ``pneumatic_dash/settings.py`` already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from apps.core.health import storage

Check = Callable[[Sequence[AppConfig] | None], list[CheckMessage]]

MIN_SECRET_KEY_CHARACTERS = 50


@register()
def check_api_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn that without an API key nothing can be synced or launched."""
    if settings.PNEUMATIC_API_KEY:
        return []
    return [
        checks.Warning(
            "PNEUMATIC_API_KEY is not set: nothing can be synced or launched.",
            hint="Set it to your Pneumatic API key, or set PNEUMATIC_API_KEY_FILE to a file that contains it.",
            id="pneumatic.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_api_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to send the key unencrypted, and warn when the API is on this machine, like the sandbox."""
    parts = urlsplit(settings.PNEUMATIC_API_URL)
    if _is_loopback(parts.hostname or ""):
        return [
            checks.Warning(
                f"PNEUMATIC_API_URL is {settings.PNEUMATIC_API_URL}: an API on this machine, such as the sandbox.",
                hint="Set it to https://api.pneumatic.app for your real account.",
                id="pneumatic.W002",
            )
        ]
    if parts.scheme != "https":
        return [
            checks.Error(
                "PNEUMATIC_API_URL does not start with https: the API key would be sent unencrypted.",
                hint="Set it to an https address.",
                id="pneumatic.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_files_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to send the key unencrypted to the file service."""
    parts = urlsplit(settings.PNEUMATIC_FILES_URL)
    if not parts.scheme or parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return []
    return [
        checks.Error(
            "PNEUMATIC_FILES_URL does not start with https: the API key would be sent unencrypted.",
            hint="Set it to an https address.",
            id="pneumatic.E003",
        )
    ]


@register(Tags.security, deploy=True)
def check_public_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when browsers would send passwords and sessions unencrypted."""
    if settings.HTTPS:
        return []
    return [
        checks.Warning(
            "PUBLIC_URL does not start with https: passwords and sessions would be sent unencrypted.",
            hint="Set it to the address at which browsers reach the dashboard, such as https://dash.example.com.",
            id="pneumatic.W003",
        )
    ]


@register(Tags.security, deploy=True)
def check_allowed_hosts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when the dashboard accepts any host name."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        checks.Warning(
            "ALLOWED_HOSTS contains '*': the dashboard accepts any host name.",
            hint="List the host names of the dashboard; that of PUBLIC_URL is always allowed.",
            id="pneumatic.W004",
        )
    ]


@register(Tags.security, deploy=True)
def check_secret_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a key that can be guessed: it would let anyone forge a session of any user."""
    if len(settings.SECRET_KEY) >= MIN_SECRET_KEY_CHARACTERS:
        return []
    return [
        checks.Error(
            f"SECRET_KEY is shorter than {MIN_SECRET_KEY_CHARACTERS} characters: sessions could be forged.",
            hint='Set it to the output of: python -c "import secrets; print(secrets.token_urlsafe(50))"',
            id="pneumatic.E002",
        )
    ]


@register(Tags.security, deploy=True)
def check_secret_files(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn about files with secrets, and a folder of the database, that every user of the machine may read."""
    database = storage.database_file()
    paths = [*settings.SECRET_FILES, *([database, database.parent] if database else [])]
    return [
        checks.Warning(
            f"{path} can be read by every user of this machine.",
            hint=f"Run: chmod {'o-rwx' if path.is_file() else '0700'} {path}",
            id="pneumatic.W005",
        )
        for path in paths
        if _others_may_read(path)
    ]


def _others_may_read(path: Path) -> bool:
    """Return whether every user of the machine may read ``path``; False where it cannot be seen."""
    try:
        return bool(path.stat().st_mode & 0o007)
    except OSError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

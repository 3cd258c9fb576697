"""Mistakes of deployment that are not plain typos: ``manage.py check --deploy`` names them.

Typos (a number that is none, an address that is none) stop the start in ``pneumatic_dash/settings.py`` already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

Check = Callable[[Sequence[AppConfig] | None], list[CheckMessage]]

MIN_SECRET_KEY_CHARACTERS = 50


@register()
def check_api_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn that nothing can be synced or launched."""
    if settings.PNEUMATIC_API_KEY:
        return []
    return [
        checks.Warning(
            "PNEUMATIC_API_KEY is not set: nothing can be synced or launched.",
            hint="Write the API key of your Pneumatic account, or name a file that holds it in PNEUMATIC_API_KEY_FILE.",
            id="pneumatic.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_api_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to send the key in clear, and warn when the API is on this machine: that is the sandbox."""
    parts = urlsplit(settings.PNEUMATIC_API_URL)
    if _is_loopback(parts.hostname or ""):
        return [
            checks.Warning(
                f"PNEUMATIC_API_URL is {settings.PNEUMATIC_API_URL}: an API on this machine, such as the sandbox.",
                hint="Write https://api.pneumatic.app to work with your real account.",
                id="pneumatic.W002",
            )
        ]
    if parts.scheme != "https":
        return [
            checks.Error(
                "PNEUMATIC_API_URL does not begin with https: the API key would travel unencrypted.",
                hint="Write an https address.",
                id="pneumatic.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_files_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to send the key in clear to the file service."""
    parts = urlsplit(settings.PNEUMATIC_FILES_URL)
    if not parts.scheme or parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return []
    return [
        checks.Error(
            "PNEUMATIC_FILES_URL does not begin with https: the API key would travel unencrypted.",
            hint="Write an https address.",
            id="pneumatic.E003",
        )
    ]


@register(Tags.security, deploy=True)
def check_public_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when browsers would send passwords and sessions in clear."""
    if settings.HTTPS:
        return []
    return [
        checks.Warning(
            "PUBLIC_URL does not begin with https: passwords and sessions would travel unencrypted.",
            hint="Write the address under which browsers reach the dashboard, such as https://dash.example.com.",
            id="pneumatic.W003",
        )
    ]


@register(Tags.security, deploy=True)
def check_allowed_hosts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when the dashboard answers under any name."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        checks.Warning(
            "ALLOWED_HOSTS holds '*': the dashboard answers under any name.",
            hint="List the names under which it is reached; that of PUBLIC_URL is allowed already.",
            id="pneumatic.W004",
        )
    ]


@register(Tags.security, deploy=True)
def check_secret_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a key that can be guessed: with it, anybody can sign in as anybody."""
    if len(settings.SECRET_KEY) >= MIN_SECRET_KEY_CHARACTERS:
        return []
    return [
        checks.Error(
            f"SECRET_KEY is shorter than {MIN_SECRET_KEY_CHARACTERS} characters: sessions could be forged.",
            hint='Write the output of: python -c "import secrets; print(secrets.token_urlsafe(50))"',
            id="pneumatic.E002",
        )
    ]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

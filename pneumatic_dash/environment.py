"""Read one variable of the environment as what it should be, or stop the start with a sentence that says what to write.

Values are literal: nothing is expanded. No sentence shows a value that may hold a secret.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

from pneumatic_dash import addresses, env_file

_HEADER_VALUE = re.compile(r"[!-~]*")
_EXAMPLES = "Write postgres://user:password@host:5432/name or sqlite:///path/of/file."


def text(name: str, default: str = "") -> str:
    """Return a variable without blanks around it; the default if it is not set."""
    value = os.environ.get(name, default).strip()
    if not env_file.is_text(value):
        raise ImproperlyConfigured(f"{name} is not UTF-8. Write it as UTF-8.")
    return value


def flag(name: str, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value in {"true", "1", "yes", "on"}:
        return True
    if value in {"false", "0", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}. Write True or False.")


def number(name: str, default: float, *, least: float, most: float, unit: str) -> float:
    written = text(name, str(default))
    try:
        value = float(written)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise ImproperlyConfigured(
            f"{name} is {written!r}. Write a number of {unit} from {least:g} to {most:g}."
        )
    return value


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = text(name, default).lower()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Write one of: {', '.join(choices)}.")
    return value


def zone(name: str, default: str) -> str:
    value = text(name) or default
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # an unknown name, a path, a folder
        raise ImproperlyConfigured(
            f"{name} is {value!r}. Write a time zone such as Europe/Berlin, or UTC."
        ) from None
    return value


def secret(name: str, *, is_sent: bool = False) -> str:
    """Return a secret from the variable, or from the file that ``<name>_FILE`` names; ``is_sent`` in HTTP headers."""
    path = text(f"{name}_FILE")
    value = env_file.read_secret(Path(path), variable=f"{name}_FILE") if path else text(name)
    if is_sent and not _HEADER_VALUE.fullmatch(value):
        raise ImproperlyConfigured(
            f"{name} has a blank or a character that is not ASCII. Copy it again, without notes around it."
        )
    return value


def base_url(name: str, default: str = "") -> str:
    """Return an absolute http(s) URL as browsers write it, without a slash at the end, or ''."""
    value = text(name, default)
    try:
        return addresses.base_url(value) if value else ""
    except addresses.PortError:
        raise ImproperlyConfigured(
            f"{name} has a wrong port. Write one from 1 to 65535, and an IPv6 address in [ and ]."
        ) from None
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is not a base URL. Write something like https://api.pneumatic.app, without user name or query."
        ) from None


def public_url(name: str) -> str:
    """Return the base URL of the dashboard itself, or ''; its path, where it has one, is that of a proxy."""
    value = base_url(name)
    if value and not addresses.can_serve(value):
        raise ImproperlyConfigured(
            f"{name} cannot be served. Write letters, digits, - and . in its host, and . _ ~ - / too in its path."
        )
    return value


def allowed_hosts(name: str, default: str, *, public_host: str | None) -> list[str]:
    """Return host names as browsers send them, that of PUBLIC_URL too; ``.example.com`` and ``*`` mean several."""
    found: dict[str, None] = {}
    for host in filter(None, map(str.strip, [*text(name, default).split(","), public_host or ""])):
        try:
            found[addresses.host_pattern(host)] = None
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} has {host!r}. Write host names separated by commas, without http:// and without a port."
            ) from None
    return list(found)


def cookie_prefix(name: str, *, is_https: bool, path: str) -> str:
    """Return with what the names of all cookies begin: what browsers demand for the strictest rules, and a variable.

    With ``__Host-`` they take a cookie over https from this host name alone, so that no other host of the domain can
    set one. Below a path, ``__Secure-`` is what is left of that.
    """
    value = text(name)
    if not re.fullmatch(r"(?!__)[A-Za-z0-9_-]{0,50}", value):
        raise ImproperlyConfigured(
            f"{name} is {value!r}. Write up to 50 letters, digits, _ and -, without __ in front."
        )
    if not is_https:
        return value
    return f"__Secure-{value}" if path else f"__Host-{value}"


def database(name: str, default: Path) -> dict[str, Any]:
    """Return Django's settings for the database at a URL; without one, for SQLite in the file ``default``."""
    url = text(name)
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}
    _refuse_unencoded(name, url)
    location, separator, options = url.partition("?")
    try:  # a plus is a plus: only in options it may mean a blank
        config: dict[str, Any] = environ.Env.db_url_config(location.replace("+", "%2B") + separator + options)
    except ValueError:
        raise ImproperlyConfigured(f"{name} has a wrong host or port. {_EXAMPLES}") from None
    is_postgresql = config.get("ENGINE") == "django.db.backends.postgresql"
    if not is_postgresql and config.get("ENGINE") != "django.db.backends.sqlite3":
        raise ImproperlyConfigured(f"{name} names no database. {_EXAMPLES}")
    if is_postgresql and not config["NAME"]:
        raise ImproperlyConfigured(f"{name} names a server and no database on it. {_EXAMPLES}")
    return config


def _refuse_unencoded(name: str, url: str) -> None:
    """Refuse characters that would move the end of the password, and with it the host of the database."""
    scheme, _, rest = url.partition("://")
    credentials = rest.rpartition("@")[0] if scheme != "sqlite" else ""
    if "#" in url or set(credentials) & set("/?[]"):
        raise ImproperlyConfigured(
            f"{name} has a character that ends the password there. In user name, password and path write "
            "%23 for #, %2F for /, %3F for ?, %40 for @, %5B for [ and %5D for ]."
        )

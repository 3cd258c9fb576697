"""Hosts and base URLs in the form in which browsers send and compare them."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

import idna

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(:\d*)?")
_SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._~-]+")  # what no server and no proxy writes otherwise


class PortError(ValueError):
    """The port of a URL is no number from 1 to 65535."""


def canonical_host(host: str) -> str:
    """Return a host in lower case, an international name in ASCII, IPv6 shortened and in brackets; or ValueError."""
    if ":" in host:
        address = IPv6Address(host.removeprefix("[").removesuffix("]"))
        if address.scope_id:
            raise ValueError("a zone means something on one machine only")
        return f"[{address.compressed}]"
    name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError("no host name")
    return name


def host_pattern(host: str) -> str:
    """Return an entry of ALLOWED_HOSTS: a host, ``.example.com`` for all below a name, or ``*``; or ValueError."""
    if host == "*":
        return host
    dot, name = (".", host[1:]) if host.startswith(".") else ("", host)
    return dot + canonical_host(name).removesuffix(".")


def base_url(value: str) -> str:
    """Return an http(s) URL without its default port and without a slash at the end; or ValueError."""
    if any(char.isspace() or not char.isprintable() or char == "\\" for char in value):
        raise ValueError("a character that URLs do not have")
    parts = urlsplit(value)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or set("@?#") & set(value):
        raise ValueError("no base URL")
    port, host = _port(parts), canonical_host(parts.hostname)
    if not _HOST_AND_PORT.fullmatch(parts.netloc):
        raise ValueError("text behind an IPv6 address")
    shown_port = f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{shown_port}{parts.path.rstrip('/')}"


def can_serve(url: str) -> bool:
    """Return whether Django takes the host of a base URL, and every proxy leaves its path as it is."""
    parts = urlsplit(url)
    return "_" not in parts.netloc and all(map(_SEGMENT.fullmatch, parts.path.split("/")[1:]))


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        raise PortError from None
    if port == 0:
        raise PortError
    return port

"""Where events are sent to: whether two addresses are one, which are our own, and whether an address can work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint

LONGEST = 2000  # characters: what servers and proxies take for an address
_PORTS = {"http": 80, "https": 443}
# Names that mean a machine nearby wherever they are looked up (RFC 6761, RFC 6762, RFC 8375, common practice).
_LOCAL_NAMES = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "corp",
    "private",
)


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """``errors`` forbid an address, ``warnings`` only doubt it; both are sentences."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Return True when the address may be sent."""
        return not self.errors


def normalised(target: str) -> str:
    """Return ``target`` with scheme and host in lower case and no default port: spellings of one address are equal."""
    parts = _split(target)
    if parts is None or not parts.hostname or parts.username is not None:
        return target
    path = parts.path or "/"
    return parts._replace(scheme=parts.scheme.lower(), netloc=_origin(parts)[1], path=path).geturl()


def is_same(one: str, other: str) -> bool:
    """Return True when both are the same address."""
    return normalised(one) == normalised(other)


def is_ours(target: str) -> bool:
    """Return True when ``target`` is at our receiver, whatever its token."""
    parts, public = _split(target), _split(settings.PUBLIC_URL)
    if parts is None or public is None or not public.hostname:
        return False
    return _origin(parts) == _origin(public) and parts.path.startswith(f"{public.path.rstrip('/')}/hooks/")


def shown(target: str) -> str:
    """Return ``target`` without what may be a secret in it: scheme and host."""
    parts = _split(target)
    if parts is None or not parts.hostname:
        return "…"
    return "://".join(_origin(parts)) + "/…"


def fingerprint(*texts: str) -> str:
    """Return a text for forms by which a page knows again what it has shown, and which tells nothing."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def endpoints_by_token() -> dict[str, Endpoint]:
    """Return every address that we have or had, by its token."""
    return {endpoints.token(endpoint): endpoint for endpoint in Endpoint.objects.all()}


def endpoint_of(target: str, known: Mapping[str, Endpoint] | None = None) -> Endpoint | None:
    """Return the address of ours whose token ``target`` ends with, wherever it points; retired ones too."""
    parts = _split(target)
    given = parts.path.rstrip("/").rpartition("/hooks/")[2] if parts is not None else ""
    if not given:
        return None
    return (endpoints_by_token() if known is None else known).get(given)


def check_target(target: str) -> TargetCheck:
    """Return what speaks against sending events to ``target``. No name is looked up and nothing is called."""
    parts = _split(target)
    if not target.strip():
        return TargetCheck(errors=(_("Write the address that events are to be sent to."),))
    if len(target) > LONGEST:
        return TargetCheck(errors=(_("The address is too long."),))
    if any(char.isspace() or not char.isprintable() for char in target) or "\\" in target:
        return TargetCheck(errors=(_("An address holds no blanks, line breaks or backslashes."),))
    if parts is None or parts.scheme.lower() not in _PORTS or not parts.hostname:
        return TargetCheck(
            errors=(_("This is no address. It begins with https:// or http:// and names a host."),)
        )
    errors = []
    if parts.username is not None or parts.password is not None:
        errors.append(_("The address must not hold a user name or a password."))
    if parts.fragment:
        errors.append(_("What follows # is never sent to a server. Leave it out."))
    errors += _wrong_token(target)
    return TargetCheck(tuple(errors), tuple(_doubts(parts)))


def _wrong_token(target: str) -> list[str]:
    if not is_ours(target):
        if endpoint_of(target) is not None:
            return [_("This is the secret path of our receiver at another address than PUBLIC_URL.")]
        return []
    accepted = Endpoint.objects.filter(state__in=[Endpoint.State.ACTIVE, Endpoint.State.PENDING])
    if any(is_same(target, endpoints.target(endpoint)) for endpoint in accepted):
        return []
    return [_("This is our receiver, but without its current token: everything sent there would be refused.")]


def _doubts(parts: SplitResult) -> list[str]:
    host = (parts.hostname or "").rstrip(".")
    api_host = (urlsplit(settings.PNEUMATIC_API_URL).hostname or "").rstrip(".")
    doubts = []
    if is_nearby(host) and not is_nearby(api_host):
        doubts.append(
            _(
                "“%(host)s” is on this machine or in a private network. Pneumatic, on the Internet, cannot reach it."
            )
            % {"host": host}
        )
    elif parts.scheme.lower() == "http" and not is_nearby(host):
        doubts.append(
            _("Without https, what people answered travels unencrypted, and the secret path with it.")
        )
    return doubts


def is_nearby(host: str) -> bool:
    """Return True for a host that only machines nearby can reach: loopback, private, link-local, or a local name."""
    address = _address(host)
    if address is not None:
        return not address.is_global
    name = host.lower().rstrip(".")
    return "." not in name or name.rpartition(".")[2] in _LOCAL_NAMES or name.endswith(".home.arpa")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return _legacy_address(host)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _legacy_address(host: str) -> IPv4Address | None:
    """Return the address of a spelling that resolvers take for a number: 127.1, 2130706433, 0x7f.0.0.1."""
    pieces = host.rstrip(".").split(".")
    try:
        numbers = [int(piece, 16) if piece.lower().startswith("0x") else _octal(piece) for piece in pieces]
    except ValueError:
        return None
    *leading, last = numbers
    if len(numbers) > 4 or any(not 0 <= number < 256 for number in leading):
        return None
    if not 0 <= last < 256 ** (4 - len(leading)):
        return None
    return IPv4Address(sum(number << (24 - 8 * place) for place, number in enumerate(leading)) + last)


def _octal(piece: str) -> int:
    if not (piece.isascii() and piece.isdigit()):
        raise ValueError(piece)
    return int(piece, 8) if len(piece) > 1 and piece.startswith("0") else int(piece)


def _origin(parts: SplitResult) -> tuple[str, str]:
    """Return the scheme and the host with its port, where that is not the scheme's own."""
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    netloc = f"[{host}]" if ":" in host else host
    return scheme, netloc if parts.port in {None, _PORTS.get(scheme)} else f"{netloc}:{parts.port}"


def _split(target: str) -> SplitResult | None:
    """Return the parts of an address; None where it cannot be taken apart."""
    try:
        parts = urlsplit(target)
        _port = parts.port  # raises for a port that is none
    except ValueError:
        return None
    return parts

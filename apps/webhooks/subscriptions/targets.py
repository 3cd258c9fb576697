"""Target URLs of subscriptions: compare them, find our own, and check whether one can work."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, Kind, Subscription

MAX_CHARACTERS = 2000  # that servers and proxies accept in a URL
_PORTS = {"http": 80, "https": 443}
# Names of local machines (RFC 6761, RFC 6762, RFC 8375, common practice).
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
    """Sentences about a target: ``errors`` forbid it, ``warnings`` must be confirmed."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the target may be subscribed."""
        return not self.errors


def normalised(target: str) -> str:
    """Return ``target`` with scheme and host in lower case and without a default port."""
    parts = _split(target)
    if parts is None or not parts.hostname or parts.username is not None:
        return target
    path = parts.path or "/"
    return parts._replace(scheme=parts.scheme.lower(), netloc=_origin(parts)[1], path=path).geturl()


def is_same(one: str, other: str) -> bool:
    """Return whether both are spellings of one URL."""
    return normalised(one) == normalised(other)


def is_ours(target: str) -> bool:
    """Return whether ``target`` is at our receiver, with any token."""
    parts, public = _split(target), _split(settings.PUBLIC_URL)
    if parts is None or public is None or not public.hostname:
        return False
    return _origin(parts) == _origin(public) and parts.path.startswith(f"{public.path.rstrip('/')}/hooks/")


def shown(target: str) -> str:
    """Return scheme and host of ``target``: the rest may contain a secret."""
    parts = _split(target)
    if parts is None or not parts.hostname:
        return "…"
    return "://".join(_origin(parts)) + "/…"


def fingerprint(*texts: str) -> str:
    """Return a hash for forms, which identifies what a page showed and reveals nothing."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _endpoints_by_token() -> dict[str, Endpoint]:
    return {endpoints.token(endpoint): endpoint for endpoint in Endpoint.objects.all()}


@dataclass(frozen=True, slots=True)
class OwnEndpoints:
    """Our endpoints, retired ones included: one query for any number of targets."""

    by_token: Mapping[str, Endpoint] = field(default_factory=_endpoints_by_token)

    def endpoint(self, target: str) -> Endpoint | None:
        """Return the endpoint whose token ``target`` ends with, at any host."""
        parts = _split(target)
        token = parts.path.rstrip("/").rpartition("/hooks/")[2] if parts is not None else ""
        return self.by_token.get(token)

    def __contains__(self, target: str) -> bool:
        return is_ours(target) or self.endpoint(target) is not None

    def has_accepted(self, target: str) -> bool:
        """Return whether ``target`` has a token that was not replaced."""
        endpoint = self.endpoint(target)
        return endpoint is not None and endpoint.state in {Endpoint.State.ACTIVE, Endpoint.State.PENDING}

    def refusal(self, target: str) -> str:
        """Return why our endpoint refuses deliveries to this URL of ours; "" when it accepts them."""
        endpoint = self.endpoint(target)
        if endpoint is None:
            return _("Our endpoint with an unknown token, perhaps of another SECRET_KEY.")
        if not self.has_accepted(target):
            return _("Our endpoint with a token that was replaced.")
        if not is_same(target, endpoints.target(endpoint)):
            return _("It has our token, but another host than PUBLIC_URL.")
        return ""

    def not_received(self, rows: Iterable[Subscription]) -> list[Kind]:
        """Return the kinds of events that no subscription among ``rows`` sends to us.

        Every page, check and command that reports missing events reads this.
        """
        received = {row.kind for row in rows if not self.refusal(row.target)}
        return [kind for kind in Kind if kind.value not in received]


def check_target(target: str) -> TargetCheck:
    """Check whether ``target`` can receive events, without a name lookup or a request."""
    parts = _split(target)
    if not target.strip():
        return TargetCheck(errors=(_("Enter the URL that receives the events."),))
    if len(target) > MAX_CHARACTERS:
        return TargetCheck(errors=(_("The URL is too long."),))
    if any(char.isspace() or not char.isprintable() for char in target) or "\\" in target:
        return TargetCheck(errors=(_("A URL must not contain blanks, line breaks or backslashes."),))
    if parts is None or parts.scheme.lower() not in _PORTS or not parts.hostname:
        return TargetCheck(errors=(_("Not a valid URL. Enter https:// or http:// and a host."),))
    errors = []
    if parts.username is not None or parts.password is not None:
        errors.append(_("The URL must not contain a user name or a password."))
    if parts.fragment:
        errors.append(_("Remove the part after #, which no server receives."))
    errors += _wrong_token(target)
    return TargetCheck(tuple(errors), tuple(_warnings(parts)))


def _wrong_token(target: str) -> list[str]:
    own = OwnEndpoints()
    endpoint = own.endpoint(target)
    if not is_ours(target):
        return [_("This is our secret token at another host than PUBLIC_URL.")] if endpoint else []
    if endpoint and own.has_accepted(target) and is_same(target, endpoints.target(endpoint)):
        return []
    return [_("This is our endpoint without its current token. It would refuse every event.")]


def _warnings(parts: SplitResult) -> list[str]:
    host = (parts.hostname or "").rstrip(".")
    api_host = (urlsplit(settings.PNEUMATIC_API_URL).hostname or "").rstrip(".")
    if is_nearby(host) and not is_nearby(api_host):
        text = _("“%(host)s” is a local or private host. Pneumatic, on the Internet, cannot reach it.")
        return [text % {"host": host}]
    if parts.scheme.lower() == "http" and not is_nearby(host):
        return [_("Without https, answers and the secret in the URL are sent unencrypted.")]
    return []


def is_nearby(host: str) -> bool:
    """Return whether ``host`` is reachable only locally: loopback, private, link-local, or a local name."""
    address = _address(host)
    if address is not None:
        return not address.is_global
    name = host.lower().rstrip(".")
    return "." not in name or name.rpartition(".")[2] in _LOCAL_NAMES or name.endswith(".home.arpa")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        try:  # spellings that resolvers read as a number: 127.1, 2130706433, 0x7f.0.0.1
            return IPv4Address(socket.inet_aton(host.rstrip(".")))
        except (OSError, UnicodeError):
            return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _origin(parts: SplitResult) -> tuple[str, str]:
    """Return the scheme, and the host with a port other than the default."""
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    netloc = f"[{host}]" if ":" in host else host
    return scheme, netloc if parts.port in {None, _PORTS.get(scheme)} else f"{netloc}:{parts.port}"


def _split(target: str) -> SplitResult | None:
    """Return the parts of a URL; None for an invalid one."""
    try:
        parts = urlsplit(target)
        _port = parts.port  # raises ValueError for an invalid port
    except ValueError:
        return None
    return parts

"""Who tries a password, and what the attempt counts against."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from axes.models import AccessAttempt, AccessLog
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from apps.accounts.models import User
from apps.accounts.sign_in import devices
from apps.core.identifiers import client_address

UNKNOWN_CLIENT = "unknown clients"
KNOWN_ADDRESS = "address of an earlier sign-in"
DEVICE = "device "
_OF_CODES = " (codes)"
_UNKNOWN_ACCOUNT = "unknown-"
# A provider gives a customer at least this much of IPv6, so one person has all of it.
_IPV6_PREFIX = 64


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password for ``account`` from ``address``; ``client`` names the limit of the account that it counts against.

    That is ``UNKNOWN_CLIENT``, ``KNOWN_ADDRESS``, or a device's text. Unknown clients of all addresses share a limit.
    The code of a second factor counts separately: the right password that comes before it would end its wait.
    """

    account: str
    address: str | None
    client: str
    is_code: bool = False

    @property
    def counter(self) -> str:
        """The text in the counters' rows that stands for ``client`` and for what is tried."""
        return f"{self.client}{_OF_CODES}" if self.is_code else self.client

    @property
    def of_account(self) -> QuerySet[AccessAttempt]:
        """The counters that share the account's limit with this attempt."""
        counters = AccessAttempt.objects.filter(username=self.account, user_agent=self.counter)
        return counters.filter(ip_address=self.address) if self.client == KNOWN_ADDRESS else counters

    @property
    def of_address(self) -> QuerySet[AccessAttempt]:
        """The counters of unknown clients at the same address, for any account."""
        same = Attempt(self.account, self.address, UNKNOWN_CLIENT, self.is_code)
        return AccessAttempt.objects.filter(ip_address=self.address, user_agent=same.counter)


def read_attempt(request: HttpRequest, username: str, *, is_code: bool = False) -> Attempt:
    """Return the attempt that a request makes with ``username``, as it was typed."""
    account, address = account_of(username), network_of(client_address(request))
    device = devices.read(request)
    if device.knows(account):
        client = f"{DEVICE}{device.id}"
    elif AccessLog.objects.filter(ip_address=client_address(request), username__iexact=account).exists():
        client = KNOWN_ADDRESS
    else:
        client = UNKNOWN_CLIENT
    return Attempt(account, address, client, is_code)


def account_of(username: str) -> str:
    """Return the account's name in one spelling; for one that does not exist, a text without it.

    People type their password into the field of the name. So a name that is none of ours is neither stored nor logged.
    """
    folded = unicodedata.normalize("NFKC", username).casefold()[:150]
    if User.objects.filter(username__iexact=folded).exists():
        return folded
    return _UNKNOWN_ACCOUNT + salted_hmac(__name__, folded, algorithm="sha256").hexdigest()[:16]


def network_of(address: str | None) -> str | None:
    """Return what one person has of the addresses: an IPv4 address, or the first address of an IPv6 network."""
    if address is None or not isinstance(ip_address(address), IPv6Address):
        return address
    return str(ip_network(f"{address}/{_IPV6_PREFIX}", strict=False).network_address)

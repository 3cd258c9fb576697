"""The cookie of a device on which an account has signed in before (OWASP: device cookies).

An attacker who guesses passwords uses up what unknown clients may try at an account. The owner's devices have separate
limits, so no attacker can lock the owner out. The cookie grants no access, and no account can be read from it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

MAX_ACCOUNTS = 10  # of one device, the latest; a cookie must stay small
MAX_AGE_SECONDS = 365 * 24 * 3600
_SALT = "apps.accounts.sign_in.devices"


@dataclass(frozen=True, slots=True)
class Device:
    """A browser: a random id, and fingerprints of the accounts that have signed in with it, the latest last."""

    id: str
    accounts: tuple[str, ...] = ()

    def knows(self, account: str) -> bool:
        return _fingerprint(account) in self.accounts

    def with_account(self, account: str) -> Device:
        others = [other for other in self.accounts if other != _fingerprint(account)]
        return Device(self.id, (*others, _fingerprint(account))[-MAX_ACCOUNTS:])


def read(request: HttpRequest) -> Device:
    """Return the device of the request's cookie; a new one where there is no valid cookie."""
    value = request.COOKIES.get(cookie_name(), "")
    try:
        id_, *accounts = signing.loads(value, salt=_SALT, max_age=MAX_AGE_SECONDS)
        return Device(str(id_), tuple(map(str, accounts)))
    except (signing.BadSignature, TypeError, ValueError):
        return Device(secrets.token_urlsafe(9))


def remember(request: HttpRequest, response: HttpResponse, account: str) -> None:
    """Have the browser keep that ``account`` signed in with it."""
    device = read(request).with_account(account)
    response.set_cookie(
        cookie_name(),
        signing.dumps([device.id, *device.accounts], salt=_SALT),
        max_age=MAX_AGE_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def cookie_name() -> str:
    return f"{settings.SESSION_COOKIE_NAME}_device"


def _fingerprint(account: str) -> str:
    return salted_hmac(_SALT, account, algorithm="sha256").hexdigest()[:16]

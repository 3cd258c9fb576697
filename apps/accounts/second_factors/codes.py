"""Codes that change with the time (RFC 6238), and codes that can be used once. No database, no clock."""

from __future__ import annotations

import base64
import io
import secrets
import unicodedata

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.utils.crypto import constant_time_compare, salted_hmac

STEP_SECONDS = 30
DIGITS = 6
# Clocks of telephones differ, and people take their time: the codes of the steps before and after are valid too.
TOLERANCE_STEPS = 1
RECOVERY_CODES = 10
RECOVERY_GROUPS, RECOVERY_GROUP_CHARACTERS = 4, 6  # 118 bits
_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look like others
_HASH = SHA1()  # noqa: S303 - the one that every app knows; its weakness is none in an HMAC
_SECRET_BYTES = 20  # as long as what it is hashed to: RFC 4226, section 4
_SALT = "apps.accounts.second_factors"


def new_nonce() -> str:
    """Return what is stored of a new secret. Without ``SECRET_KEY`` it reveals nothing."""
    return secrets.token_urlsafe(32)


def secret_of(nonce: str) -> bytes:
    """Return the secret that an app shares with us, derived from ``SECRET_KEY`` and ``nonce``."""
    return salted_hmac(f"{_SALT}.secret", nonce, algorithm="sha256").digest()[:_SECRET_BYTES]


def key_fingerprint() -> str:
    """Return a text that changes with ``SECRET_KEY``, and with it every secret."""
    return salted_hmac(f"{_SALT}.key", "", algorithm="sha256").hexdigest()[:16]


def shown(secret: bytes) -> str:
    """Return a secret as people type it into an app: Base32 in groups of four."""
    text = base64.b32encode(secret).decode("ascii")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that apps read from a QR code."""
    uri = TOTP(secret, DIGITS, _HASH, STEP_SECONDS).get_provisioning_uri(account, issuer)
    return uri.replace("+", "%20")  # some apps show a plus as it is


def qr_code(text: str) -> bytes:
    """Return a QR code as an SVG image, dark on light in every colour scheme."""
    image = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        image, kind="svg", scale=6, border=4, light="white", svgclass=None, lineclass=None
    )
    return image.getvalue()


def code_at(secret: bytes, step: int) -> str:
    """Return the six digits of a step: the number of half minutes since 1970."""
    return HOTP(secret, DIGITS, _HASH).generate(step).decode("ascii")


def step_of(secret: bytes, code: str, *, seconds: float) -> int | None:
    """Return the step whose code was typed at ``seconds`` since 1970; None for a wrong code."""
    now = int(seconds) // STEP_SECONDS
    typed = plain(code)
    steps = range(now - TOLERANCE_STEPS, now + TOLERANCE_STEPS + 1)
    # All are compared: the time that it takes reveals nothing.
    found = [step for step in steps if constant_time_compare(code_at(secret, step), typed)]
    return found[-1] if found else None


def new_recovery_codes() -> list[str]:
    return ["-".join(_group() for _ in range(RECOVERY_GROUPS)) for _ in range(RECOVERY_CODES)]


def digest(recovery_code: str) -> str:
    """Return what is stored of a recovery code. A quick hash will do: codes are as random as keys."""
    return salted_hmac(f"{_SALT}.recovery", plain(recovery_code), algorithm="sha256").hexdigest()


def plain(code: str) -> str:
    """Return a code as it was meant: without blanks and hyphens, in lower case."""
    return "".join(char for char in unicodedata.normalize("NFKC", code).casefold() if char.isalnum())


def _group() -> str:
    return "".join(secrets.choice(_CHARACTERS) for _ in range(RECOVERY_GROUP_CHARACTERS))

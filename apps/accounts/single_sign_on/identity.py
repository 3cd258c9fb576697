"""Whom the provider has signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings


class IdentityError(ValueError):
    """The provider's response is not what OpenID Connect Core 1.0 demands."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at the provider. ``subject`` never changes; ``email`` is empty unless the provider has verified it."""

    subject: str
    email: str
    first_name: str
    last_name: str
    groups: frozenset[str]


def read_identity(data: dict[str, Any]) -> Identity:
    """Return the person in the claims of the identity token and of the response to userinfo.

    allauth has checked the token's audience and dates. That both are about one person (5.3.2) and come from the
    configured issuer (3.1.3.7) is checked here. Raise IdentityError.
    """
    token, info = data.get("id_token"), data.get("userinfo")
    if not isinstance(token, dict) or not isinstance(info, dict):
        raise IdentityError("No identity token, or no user information.")
    if not isinstance(token.get("sub"), str) or token["sub"] != info.get("sub"):
        raise IdentityError("The identity token and the user information name different subjects.")
    if str(token.get("iss", "")).rstrip("/") != settings.OIDC_ISSUER:
        raise IdentityError("The identity token comes from another issuer than OIDC_ISSUER.")
    claims = {**token, **info}
    return Identity(
        subject=token["sub"],
        email=_verified_email(info if "email" in info else token),
        first_name=_text(claims, "given_name")[:150],
        last_name=_text(claims, "family_name")[:150],
        groups=_groups(claims.get(settings.OIDC_GROUPS_CLAIM)),
    )


def _verified_email(source: dict[str, Any]) -> str:
    """Return the address, if the same source says that it is verified: the other one may mean another address."""
    return _text(source, "email") if source.get("email_verified") is True else ""


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def _groups(claim: object) -> frozenset[str]:
    """Return names of groups; none for a claim that is missing, so that who left all of them keeps no role."""
    if isinstance(claim, str):
        return frozenset({claim})
    return (
        frozenset(name for name in claim if isinstance(name, str)) if isinstance(claim, list) else frozenset()
    )

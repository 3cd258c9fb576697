"""What the settings need for single sign-on, which is off without ``OIDC_ISSUER``."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from pneumatic_dash.environment import base_url, secret, text

# Of apps/accounts/roles.py, which needs the settings and cannot be imported by them. A test compares the two.
ROLES = ("Viewer", "Operator", "Integrator", "Administrator")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_EXAMPLE = """Write JSON such as {"dash-admins": "Administrator", "/staff/ops": "Operator"}."""

# Before the dashboard's own apps: their pages in Django admin replace those of the library.
APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]


def issuer(name: str) -> str:
    """Return the provider's base URL, or '' for no single sign-on.

    It must be https: the identity token is trusted because it comes from there. On the same machine http will do.
    """
    value = base_url(name)
    if value and not value.startswith("https://") and urlsplit(value).hostname not in _LOOPBACK:
        raise ImproperlyConfigured(f"{name} is not https. Write the provider's https:// address.")
    return value


def needed(name: str, *, issuer: str) -> str:
    """Return a text that single sign-on requires."""
    return _present(name, text(name), issuer)


def needed_secret(name: str, *, issuer: str) -> str:
    """Return a secret that single sign-on requires, from the variable or its file."""
    return _present(name, secret(name), issuer)


def group_roles(name: str) -> dict[str, str]:
    """Return the role of each group of the provider; empty where roles are given here alone."""
    written = text(name)
    if not written:
        return {}
    try:
        pairs = json.loads(written, object_pairs_hook=list)
    except ValueError:
        pairs = None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs) or not pairs:
        raise ImproperlyConfigured(f"{name} is no list of groups with their roles. {_EXAMPLE}")
    if len(dict(pairs)) < len(pairs):
        raise ImproperlyConfigured(f"{name} has a group twice. Write each group once.")
    for group, role in pairs:
        if role not in ROLES:
            raise ImproperlyConfigured(f"{name} gives {group!r} no role. Write one of: {', '.join(ROLES)}.")
    return dict(pairs)


def providers(*, issuer: str, name: str, client_id: str, client_secret: str, scopes: str) -> dict[str, Any]:
    """Return the one provider in the form that allauth reads.

    Its id is the issuer, so that a link of an account to a person is never valid for another provider.
    """
    app = {
        "provider_id": issuer,
        "name": name,
        "client_id": client_id,
        "secret": client_secret,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True, "scope": scopes.split()},
    }
    return {"openid_connect": {"APPS": [app]}}


def _present(name: str, value: str, issuer: str) -> str:
    if issuer and not value:
        raise ImproperlyConfigured(f"{name} is not set, which OIDC_ISSUER needs. Copy it from the provider.")
    return value

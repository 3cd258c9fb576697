"""What a person does in the browser: to the provider, its form, and back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import requests
from django.conf import settings
from django.test import Client

START = "/login/single-sign-on/"
TIMEOUT_SECONDS = 60


def register(subject: str, **claims: object) -> None:
    """Have the provider know a person by ``claims``."""
    response = requests.put(
        f"{settings.OIDC_ISSUER}/users/{quote(subject)}", json=claims, timeout=TIMEOUT_SECONDS
    )
    response.raise_for_status()


def visit(address: str, **form: str) -> str:
    """Send the provider's form, and return the path and query to which it sends the browser."""
    response = requests.post(address, data=form, allow_redirects=False, timeout=TIMEOUT_SECONDS)
    target = urlsplit(response.headers["Location"])
    assert (target.scheme, target.netloc) == ("http", "testserver")
    return f"{target.path}?{target.query}"


def sign_in(client: Client, subject: str, *, following: str = "", **claims: object) -> Any:
    """Sign a person in at the provider, and return the dashboard's response to that."""
    register(subject, **{"email_verified": True, **claims})
    start = client.get(START, {"next": following} if following else {})
    assert start.status_code == 302, start.content
    return client.get(visit(start.headers["Location"], sub=subject), REMOTE_ADDR="192.0.2.7")

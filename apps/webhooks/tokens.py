"""Tokens of our endpoints: derived, never stored. Fields of URLs store placeholders and return tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from apps.core.redaction import register_secret

_PLACEHOLDER = re.compile(r"token-of\.(?P<nonce>[\w-]{43})\.(?P<digest>[0-9a-f]{8})")


def derive(nonce: str) -> str:
    """Return a token: 43 URL-safe characters, derived from SECRET_KEY and the nonce of an endpoint."""
    text = _derive(nonce, settings.SECRET_KEY)
    register_secret(text)
    return text


@lru_cache(maxsize=64)
def _derive(nonce: str, secret_key: str) -> str:
    key = hashlib.sha256(b"webhook receiver\0" + secret_key.encode()).digest()
    code = hmac.new(key, nonce.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode("ascii")


def placeholder(nonce: str) -> str:
    """Return what is stored in place of the token. Like the nonce, it reveals nothing."""
    return f"token-of.{nonce}"


def masked(text: str) -> str:
    """Return ``text`` with placeholders for the tokens of all endpoints; ``restored`` is the inverse.

    They contain a digest of the token: after a change of SECRET_KEY the nonce would lead to another one.
    """
    if "/hooks/" in text:
        for nonce in apps.get_model("webhooks", "Endpoint").objects.values_list("nonce", flat=True):
            token = derive(nonce)
            text = text.replace(token, f"{placeholder(nonce)}.{_digest(token)}")
    return text


def restored(text: str) -> str:
    """Return ``text`` with tokens for its placeholders. One of another SECRET_KEY stays: its token is not known."""
    return _PLACEHOLDER.sub(_restored, text)


def is_restorable(text: str) -> bool:
    """Return whether ``text``, which was read from the database, has no placeholder of another SECRET_KEY."""
    return _PLACEHOLDER.search(text) is None


def _restored(found: re.Match[str]) -> str:
    token = derive(found["nonce"])
    return token if _digest(token) == found["digest"] else found[0]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:8]


class TargetField(models.TextField[str, str]):
    """A URL that may be ours. The table has a placeholder for its token."""

    def get_prep_value(self, value: Any) -> Any:
        """Return the text for the database."""
        prepared = super().get_prep_value(value)
        return masked(prepared) if isinstance(prepared, str) else prepared

    def from_db_value(self, value: Any, *_context: Any) -> Any:
        """Return the text with its token."""
        return restored(value) if isinstance(value, str) else value

    def deconstruct(self) -> Any:
        """Return a plain field: migrations see what is stored."""
        name, _path, arguments, options = super().deconstruct()
        return name, "django.db.models.TextField", arguments, options


class RawField(models.JSONField):
    """An object of the API as JSON, which may contain one of our URLs: stored as in ``TargetField``."""

    def get_prep_value(self, value: Any) -> Any:
        """Return the value for the database."""
        prepared = super().get_prep_value(value)
        return json.loads(masked(json.dumps(prepared))) if isinstance(prepared, dict) else prepared

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the value with its tokens."""
        text = restored(value) if isinstance(value, str) else value
        return super().from_db_value(text, expression, connection)

    def deconstruct(self) -> Any:
        """Return a plain field: migrations see what is stored."""
        name, _path, arguments, options = super().deconstruct()
        return name, "django.db.models.JSONField", arguments, options

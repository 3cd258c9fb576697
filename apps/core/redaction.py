"""Keep secrets out of logs and error reports, whatever carried them there.

The API key is held by objects that tracebacks show (headers of a request, buffers of a connection) and may come back
in the text of an exception. The path of our webhook receiver is a secret too, and every server and framework likes to
write paths down. Nobody can watch every place, so this stands at the exits.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import ItemsView
from types import FrameType
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

REPLACEMENT = "[redacted]"
# A shorter text occurs by chance in anything; blotting it out would only make logs unreadable.
MIN_SECRET_CHARACTERS = 6
# The part of an address that lets anybody deliver webhooks, also where the address was quoted.
_RECEIVER_TOKEN = re.compile(r"((?:/|%2f)hooks(?:/|%2f))[\w.~-]+", re.IGNORECASE)
MAX_SECRETS = 100

_kept: dict[str, None] = {}


def register_secret(text: str) -> None:
    """Never show ``text`` in a log or an error report of this process; the newest MOST_KEPT are remembered."""
    if text not in _kept:
        _kept[text] = None
        for oldest in list(_kept)[:-MAX_SECRETS]:
            _kept.pop(oldest, None)


def redact(text: str) -> str:
    """Return ``text`` without the API key, the signing key and the receiver's tokens, however they are escaped."""
    for secret in _secrets():
        text = text.replace(secret, REPLACEMENT)
    return _RECEIVER_TOKEN.sub(rf"\1{REPLACEMENT}", text)


def _secrets() -> set[str]:
    if not settings.configured:  # a web server's first words, before the application is loaded
        return set(_kept)
    plain = [
        key for key in (settings.PNEUMATIC_API_KEY, settings.SECRET_KEY) if len(key) >= MIN_SECRET_CHARACTERS
    ]
    return {
        *(form for key in plain for form in (key, quote(key, safe=""), escape(key), repr(key)[1:-1])),
        *_kept,  # URL-safe: there is one form of each
    }


class RedactSecrets(logging.Filter):
    """Redact the message, the traceback and the stack of every record; drop none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(_message(record))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    """Return the formatted message; a record whose arguments do not fit must not silence the log."""
    try:
        return record.getMessage()
    except Exception:  # the arguments are anybody's objects
        return str(record.msg)


class ReporterFilter(SafeExceptionReporterFilter):
    """Hide variables that hold a secret somewhere inside, in error pages with DEBUG too."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|DATABASE_URL", re.IGNORECASE
    )

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return {
            name: self.cleansed_substitute if _holds_secret(value) else value for name, value in variables
        }.items()


class RedactingReporter(ExceptionReporter):
    """Redact what is left, such as the exception's own text."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(redact(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact(super().get_traceback_text()))


def _holds_secret(value: Any) -> bool:
    try:
        text = repr(value)
    except Exception:  # the page shows that the value has no text; it does not fail for it
        return False
    return any(secret in text for secret in _secrets())

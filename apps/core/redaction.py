"""Keep secrets out of logs and error reports.

The API key is in objects that tracebacks show (headers of a request, buffers of a connection) and may be in the text
of an exception. The path of the webhook receiver is a secret too, and servers and frameworks log paths. So secrets are
replaced at the output: in log records and error reports.
"""

from __future__ import annotations

import datetime as dt
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
# A shorter text occurs by chance in other words; replacing it would make logs unreadable.
MIN_SECRET_CHARACTERS = 6
# The part of an address that lets anyone deliver webhooks, in quoted addresses too.
_RECEIVER_TOKEN = re.compile(r"((?:/|%2f)hooks(?:/|%2f))[\w.~-]+", re.IGNORECASE)
MAX_SECRETS = 100
# Everything that ends a line or moves the cursor of a terminal; marks of the direction of text too.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_INDENT = "    "

_kept: dict[str, None] = {}


def register_secret(text: str) -> None:
    """Redact ``text`` in logs and error reports of this process; the newest ``MAX_SECRETS`` texts are kept."""
    if text not in _kept:
        _kept[text] = None
        for oldest in list(_kept)[:-MAX_SECRETS]:
            _kept.pop(oldest, None)


def redact(text: str) -> str:
    """Return ``text`` without the API key, the signing key and the receiver's tokens, escaped or not."""
    for secret in _secrets():
        text = text.replace(secret, REPLACEMENT)
    return _RECEIVER_TOKEN.sub(rf"\1{REPLACEMENT}", text)


def _secrets() -> set[str]:
    if not settings.configured:  # output of a web server before the application is loaded
        return set(_kept)
    configured = (settings.PNEUMATIC_API_KEY, settings.SECRET_KEY, settings.OIDC_CLIENT_SECRET)
    plain = [key for key in configured if len(key) >= MIN_SECRET_CHARACTERS]
    return {
        *(form for key in plain for form in (key, quote(key, safe=""), escape(key), repr(key)[1:-1])),
        *_kept,  # URL-safe: escaping does not change them
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
    """Return the formatted message; the plain one where its arguments do not match."""
    try:
        return record.getMessage()
    except Exception:  # the arguments may be any objects
        return str(record.msg)


class LineFormatter(logging.Formatter):
    """A record as one line, with the offset of its time; a traceback follows in indented lines.

    Texts of others are in messages: paths, names, errors of servers. With a line break they could forge a record.
    """

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - of logging
        return dt.datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - of logging
        return _UNPRINTABLE.sub(
            lambda char: char[0].encode("unicode_escape").decode(), super().formatMessage(record)
        )

    def formatException(self, ei: Any) -> str:  # noqa: N802 - of logging
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - of logging
        return _indented(stack_info)

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_text and not record.exc_text.startswith(_INDENT):  # by RedactSecrets
            record.exc_text = _indented(record.exc_text)
        return super().format(record)


def _indented(text: str) -> str:
    return "\n".join(_INDENT + _UNPRINTABLE.sub(" ", line) for line in text.splitlines())


class ReporterFilter(SafeExceptionReporterFilter):
    """Hide variables whose representation contains a secret, with DEBUG too."""

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
    """Redact the rest, such as the exception's text."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(redact(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact(super().get_traceback_text()))


def _holds_secret(value: Any) -> bool:
    try:
        text = repr(value)
    except Exception:  # the page shows such a value as unprintable
        return False
    return any(secret in text for secret in _secrets())

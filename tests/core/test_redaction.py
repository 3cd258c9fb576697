from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class, technical_500_response
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.core.redaction import LineFormatter, RedactSecrets, redact

KEY = "pk/live+abc=<123>"
DATABASE_PASSWORD = "database-password"


LOGGING: dict[str, Any] = settings.LOGGING


@pytest.fixture(autouse=True)
def with_key(settings: SettingsWrapper) -> None:
    settings.PNEUMATIC_API_KEY = KEY


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, StringIO]]:
    """A logger that writes as the configured handler does, and what it wrote."""
    output = StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(LineFormatter(LOGGING["formatters"]["line"]["format"]))
    handler.addFilter(RedactSecrets())
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, output
    logger.removeHandler(handler)
    logger.propagate = True


def test_a_record_is_one_line_with_the_offset_of_its_time(log: tuple[logging.Logger, StringIO]) -> None:
    logger, output = log
    forged = "x\n2026-12-01 00:00:00.000+01:00 INFO root: forged\r\u2028\x1b[2J\u202e\0é"

    logger.warning("name %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        logger.exception("failed", stack_info=True)

    first, *others = output.getvalue().removesuffix("\n").split("\n")
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d WARNING tests\.redaction: name x", first
    )
    assert first.endswith(r"forged\r\u2028\x1b[2J\u202e\x00é")
    assert [line for line in others if not line.startswith("    ")] == [others[0]]
    assert "    ValueError: x" in others
    assert not set("\r\u2028\x1b\u202e\0") & set(output.getvalue())


def test_the_configured_handler_redacts() -> None:
    assert LOGGING["formatters"]["line"]["class"] == f"{LineFormatter.__module__}.{LineFormatter.__name__}"
    assert LOGGING["handlers"]["stderr"]["filters"] == ["secrets"]
    assert LOGGING["loggers"]["django"]["handlers"] == []
    assert LOGGING["loggers"]["django.server"]["handlers"] == []


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), "pk/live+abc=&lt;123&gt;", repr(KEY)])
def test_no_form_of_the_key_is_left(form: str) -> None:
    assert redact(f"Authorization: Bearer {form}!").startswith("Authorization: Bearer ")
    assert "abc" not in redact(form)


def test_messages_arguments_and_objects_are_redacted(log: tuple[logging.Logger, StringIO]) -> None:
    logger, output = log

    logger.warning("sent %s and %r", f"Bearer {KEY}", {"headers": [KEY.encode()]})

    assert "sent Bearer [redacted]" in output.getvalue()
    assert KEY not in output.getvalue()


def test_tracebacks_and_stacks_are_redacted(log: tuple[logging.Logger, StringIO]) -> None:
    logger, output = log
    try:
        raise ValueError(f"bad header: {KEY}")
    except ValueError:
        logger.exception("failed", stack_info=True)

    assert "ValueError: bad header: [redacted]" in output.getvalue()
    assert KEY not in output.getvalue()


def test_a_record_with_wrong_arguments_is_logged_anyway(
    log: tuple[logging.Logger, StringIO],
) -> None:
    logger, output = log

    logger.warning("two: %s %s", "one")

    assert "two: %s %s" in output.getvalue()


def test_a_short_key_does_not_blot_out_the_log(settings: SettingsWrapper) -> None:
    settings.PNEUMATIC_API_KEY = "a"

    assert redact("a banana") == "a banana"


class Session:
    def __repr__(self) -> str:
        return f"<Session {KEY}>"


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


def fail() -> None:
    session = Session()
    wire = b"Authorization: Bearer " + KEY.encode() + b"\r\n" + b"x" * 5000
    unprintable = Unprintable()
    raise ValueError(f"could not send {KEY} {len([session, wire, unprintable])}")


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_error_reports_contain_no_key(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch, debug: bool, accept: str
) -> None:
    settings.DEBUG = debug
    request = RequestFactory().get("/", headers={"Accept": accept})
    request.META["DATABASE_URL"] = f"postgres://dash:{DATABASE_PASSWORD}@127.0.0.1/dash"
    try:
        fail()
    except ValueError as error:
        response = technical_500_response(request, type(error), error, error.__traceback__)
        reporter_class: Any = get_exception_reporter_class(request)
        reporter = reporter_class(request, type(error), error, error.__traceback__)

    for report in (response.content.decode(), reporter.get_traceback_html(), reporter.get_traceback_text()):
        assert "could not send" in report
        assert KEY[3:11] not in report
        assert DATABASE_PASSWORD not in report

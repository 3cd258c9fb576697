"""Fixtures for every test; each plugin below owns one subject."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)  # no test asserts a timing
settings.load_profile("no-deadline")

pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.people",
    "tests.fixtures.sandbox",
    "tests.fixtures.launching",
    "tests.fixtures.browser",
]

"""Fixtures for every test; each plugin below owns one subject."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.people",
    "tests.fixtures.sandbox",
    "tests.fixtures.launching",
    "tests.fixtures.deliveries",
    "tests.fixtures.browser",
]

# A busy machine is slow, not wrong: no example has a deadline.
settings.register_profile("pneumatic-dash", deadline=None)
settings.load_profile("pneumatic-dash")

"""Fixtures for every test; each plugin below owns one subject."""

from __future__ import annotations

pytest_plugins = [
    "tests.fixtures.depth",
    "tests.fixtures.database",
    "tests.fixtures.notices",
    "tests.fixtures.people",
    "tests.fixtures.responses",
    "tests.fixtures.sandbox",
    "tests.fixtures.served",
    "tests.fixtures.launching",
    "tests.fixtures.deliveries",
    "tests.fixtures.populated",
    "tests.fixtures.crawling",
    "tests.fixtures.browser",
]

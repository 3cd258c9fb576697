"""Every part of the benchmarks at a tiny size: it runs, and its tables have the figures that they promise.

What a part runs as a separate process runs here in the test's process, on the test's database, and is rolled back: a
process for each would take a minute. ``test_served.py`` has the parts that need real processes.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.webhooks import registry
from benchmarks import (
    ours_pages,
    pages,
    project,
    project_ours,
    report,
    seed,
    sync,
    workflow_pages,
    workflow_pages_ours,
)

pytestmark = pytest.mark.django_db


@contextmanager
def rolled_back(_database: str) -> Iterator[str]:
    """Yield the address of a database and roll back; it is always the test's own."""
    with transaction.atomic():
        yield "sqlite:///:memory:"
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: SettingsWrapper
) -> None:
    """Have the parts call the modules that they would start."""

    def ask(module: str, *arguments: str, environment: Mapping[str, str]) -> Any:
        settings.PNEUMATIC_API_URL = environment["PNEUMATIC_API_URL"]
        settings.PNEUMATIC_API_KEY = environment["PNEUMATIC_API_KEY"]
        importlib.import_module(module).main(arguments)
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    def manage(*_arguments: str, environment: Mapping[str, str]) -> None:
        """Leave out what is done already: the tables exist, and static files need no collecting."""

    for part in (pages, project, workflow_pages):
        monkeypatch.setattr(part, "databases", lambda: iter([("SQLite", "sqlite")]))
        monkeypatch.setattr(part, "fresh", rolled_back)
    for part in (pages, project, workflow_pages, sync):
        monkeypatch.setattr(part, "ask", ask)
        monkeypatch.setattr(part, "manage", manage)
    monkeypatch.setattr(registry, "_handlers", [*registry._handlers])
    monkeypatch.setattr(logging.root.manager, "disable", logging.WARNING)
    make_people = seed.people
    monkeypatch.setattr(seed, "people", lambda count: make_people(min(count, 20)))


def figures(table: report.Table) -> dict[str, str]:
    """Return the first two columns of a table, and check that it names the day and the machine."""
    assert table.measured.startswith("Measured on 20")
    assert "cores" in str(table)
    return {row[0]: row[1] for row in table.rows}


def test_the_launch_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours_pages, "TIMES", 3)

    (table,) = pages.measure_form(repeats=1)

    assert int(figures(table)["launch form, nodes"]) > 100


def test_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours_pages, "TIMES", 1)
    monkeypatch.setattr(pages, "FEW", ("3", "3"))
    monkeypatch.setattr(pages, "MANY", ("3", "3"))
    monkeypatch.setattr(pages, "_measured", cache(pages._measured))

    (table,) = pages.measure_lists(repeats=1)

    assert int(figures(table)["templates, queries"]) > 1


def test_pages_of_workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_pages_ours, "WARM", 0)
    monkeypatch.setattr(workflow_pages_ours, "TIMES", 2)
    monkeypatch.setattr(workflow_pages, "FEW", "6")
    monkeypatch.setattr(workflow_pages, "MANY", "6")
    monkeypatch.setattr(workflow_pages, "_measured", cache(workflow_pages._measured))

    flat, growing = workflow_pages.measure(repeats=1)

    assert int(figures(flat)["a workflow, queries"]) > 1
    assert figures(growing)


def test_processing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "WORKFLOWS", 2)
    monkeypatch.setattr(project, "ONE_BY_ONE", project.EVENTS)
    monkeypatch.setattr(project_ours, "PORTION", 7)

    tables = project.measure(repeats=1)

    assert len(tables) == len(project.GENERATIONS)
    assert all(figures(table) for table in tables)


def test_the_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer is not installed for tests: its figures are made up."""
    run = sync._ours

    def rolled_back_run(what: str, url: str, empty: Path, folder: Path) -> dict[str, Any]:
        empty.touch()
        with rolled_back(""):
            return run(what, url, empty, folder)

    def peer(*_arguments: object) -> dict[str, Any]:
        return {"first": 1.0, "again": 1.0, "memory": 100.0, "templates": 4, "users": 10, "dlt": "0"}

    monkeypatch.setattr(sync, "TEMPLATES", 4)
    monkeypatch.setattr(sync, "OBJECTS", 14)
    monkeypatch.setattr(sync, "_ours", rolled_back_run)
    monkeypatch.setattr(sync, "_peer", peer)

    ours, tried = sync.measure(repeats=1)

    assert figures(ours)["nothing changed, statements that write to the mirror"] == "0"
    assert len(tried.rows) == len(sync.VARIANTS)

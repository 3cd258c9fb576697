"""Ours: pages measured through Django's test client, with the whole middleware and production settings.

``python -m benchmarks.ours_pages form``: the launch form and the search of people, with 100,000 users.
``python -m benchmarks.ours_pages lists TEMPLATES LAUNCHES``: every list, with that many rows.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from html.parser import HTMLParser
from statistics import median, quantiles
from typing import Any

import django

from benchmarks.processes import answer

django.setup()

from django.db import connection
from django.test import Client

from benchmarks import seed

PEOPLE = 100_000
TIMES = 21
QUERIES = [
    "a", "an", "ada", "person9", "person99999@example.com", "kowalski", "олена", "愛", "grace fischer", "fischer grace",
    "joão", "joao", "zzzz", "ito1", "example.com", "dvořák", "i", "person5 ines", "haddad976", "chlo",
]  # fmt: skip


class Nodes(HTMLParser):
    """Counts what a browser makes of the HTML: elements, and text that is more than blanks."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.count += 1

    def handle_data(self, data: str) -> None:
        self.count += bool(data.strip())


def form() -> None:
    """Measure the form with three user fields, and the search behind it."""
    seed.people(PEOPLE)
    seed.templates(50)
    seed.templates(1, kickoff=seed.kickoff_of_three_users(), start=1_001)
    operator, _administrator = seed.staff()
    _analyse()
    client = Client()
    client.force_login(operator)
    page = _body(client, "/templates/1001/launch/")
    nodes = Nodes()
    nodes.feed(page)
    searches = [
        _seconds(partial(_body, client, "/people/", q=query)) for _ in range(TIMES // 2) for query in QUERIES
    ]
    answer(
        kib=len(page.encode()) / 1024,
        nodes=nodes.count,
        milliseconds=_milliseconds(partial(_body, client, "/templates/1001/launch/")),
        search_p95=quantiles(searches, n=20)[-1] * 1000,
        search_median=median(searches) * 1000,
    )


def lists(template_count: int, launch_count: int) -> None:
    """Measure every list's first page, a filtered one and a searched one."""
    seed.people(1_000)
    seed.templates(template_count)
    operator, administrator = seed.staff()
    seed.launches(launch_count, by=[operator, administrator])
    _analyse()
    pages = {
        "templates": (operator, "/templates/", {}),
        "templates, searched": (operator, "/templates/", {"q": "purchase"}),
        "launches": (operator, "/launches/", {}),
        "launches, unknown ones": (operator, "/launches/", {"state": "unknown"}),
        "launches, searched": (operator, "/launches/", {"q": "purchase"}),
        "admin: templates": (administrator, "/admin/workflow_templates/template/", {}),
        "admin: versions": (administrator, "/admin/workflow_templates/templateversion/", {}),
        "admin: launches": (administrator, "/admin/launches/launch/", {}),
    }
    measured = {}
    for name, (user, path, query) in pages.items():
        client = Client()
        client.force_login(user)
        _body(client, path, **query)
        statements: list[str] = []
        with connection.execute_wrapper(partial(_noting, statements)):
            _body(client, path, **query)
        measured[name] = {
            "milliseconds": _milliseconds(partial(_body, client, path, **query)),
            "queries": len(statements),
        }
    answer(**measured)


def _body(client: Client, path: str, **query: str) -> str:
    response = client.get(path, query, secure=False)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    return response.content.decode()


def _noting(statements: list[str], execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
    statements.append(sql)
    return execute(sql, *arguments)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _milliseconds(work: Callable[[], object]) -> float:
    return median(_seconds(work) for _ in range(TIMES)) * 1000


def _analyse() -> None:
    """Give the planner its statistics, as any database has after some use."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def main(arguments: Sequence[str]) -> None:
    """Measure what is named."""
    what, *counts = arguments
    if what == "form":
        form()
    else:
        lists(*map(int, counts))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main(sys.argv[1:])

"""Ours: pages of workflows, measured through Django's test client, with the whole middleware and production settings.

``python -m benchmarks.workflow_pages_ours WORKFLOWS``: with that many workflows, ten events each.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import quantiles
from typing import Any

import django

from benchmarks.processes import answer

django.setup()

from django.db import connection
from django.test import Client
from django.utils import timezone

from benchmarks import seed, workflow_pages_seed

TIMES = 60
WARM = 3


def main(arguments: Sequence[str]) -> None:
    """Fill the database, and measure every page by turns."""
    workflows = int(arguments[0])
    seed.people(1_000)
    seed.templates(workflow_pages_seed.TEMPLATES)
    operator, administrator = seed.staff()
    workflow_pages_seed.workflows(workflows, starters=[operator, administrator])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(operator)
    today = timezone.localdate()
    pages: dict[str, tuple[str, dict[str, Any]]] = {
        "list": ("/workflows/", {}),
        "list, running": ("/workflows/", {"state": "running"}),
        "list, of a template": ("/workflows/", {"template": "3"}),
        "list, of templates by words": ("/workflows/", {"template": "a"}),  # nearly all of them
        "list, assigned to me": ("/workflows/", {"held": "me"}),
        "list, started by me": ("/workflows/", {"starter": "me"}),
        "list, started in Pneumatic": ("/workflows/", {"starter": "elsewhere"}),
        "list, with gaps": ("/workflows/", {"gaps": "on"}),
        "list, quiet for a day": ("/workflows/", {"quiet": "1"}),
        "list, started until today": ("/workflows/", {"until": today.isoformat()}),
        "list, a common word": ("/workflows/", {"q": "purchase"}),
        "list, a word that nothing has": ("/workflows/", {"q": "zzzz"}),
        "a workflow": (f"/workflows/{workflows // 2}/", {}),
        "home": ("/", {}),
        "template": ("/templates/3/", {}),
    }
    asked: dict[str, Callable[[], object]] = {
        name: partial(_get, client, path, query) for name, (path, query) in pages.items()
    }
    asked["open list asks what is new"] = partial(_ask, client, {"mark": ""})
    answer(**_measured(asked))


def _measured(asked: dict[str, Callable[[], object]]) -> dict[str, dict[str, float]]:
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    queries: dict[str, int] = {}
    for turn in range(WARM + TIMES):
        for name, request in asked.items():
            started = time.perf_counter()
            request()
            if turn >= WARM:
                seconds[name].append(time.perf_counter() - started)
    for name, request in asked.items():
        statements: list[str] = []
        with connection.execute_wrapper(partial(_noting, statements)):
            request()
        queries[name] = len(statements)
    return {
        name: {"p95": quantiles(times, n=20)[-1] * 1000, "queries": queries[name]}
        for name, times in seconds.items()
    }


def _get(client: Client, path: str, query: dict[str, str]) -> None:
    response = client.get(path, query)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")


def _ask(client: Client, known: dict[str, str]) -> None:
    """Ask as an open page does; the rare answer that is more than "nothing new" gives the next mark."""
    response = client.get("/workflows/", headers={"Live-Version": known["mark"]})
    if response.status_code == 200:
        known["mark"] = response.content.decode().partition('data-live-version="')[2].partition('"')[0]


def _noting(statements: list[str], execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
    statements.append(sql)
    return execute(sql, *arguments)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main(sys.argv[1:])

"""Ours: the results of launches. ``python -m benchmarks.ours_launching people NUMBER|check FILE``.

``people`` makes a user and that many sessions. ``check`` reads the launches that were confirmed and the workflows that
Pneumatic has: ``{"confirmed": {name: path}, "workflows": [[id, name], …]}``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import django

from benchmarks.processes import answer

django.setup()

from django.conf import settings
from django.test import Client

from apps.launches.models import Launch
from benchmarks import seed


def people(number: int) -> None:
    """Print the keys of sessions of an operator, and the names of the cookies."""
    user, _administrator = seed.staff()
    clients = [Client() for _ in range(number)]
    for client in clients:
        client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    answer(
        sessions=[client.cookies[name].value for client in clients],
        session_cookie=name,
        csrf_cookie=settings.CSRF_COOKIE_NAME,
    )


def check(file: Path) -> None:
    """Print how many launches were lost or doubled, and how many have no known outcome.

    Lost is a confirmed launch without a row, one that is *launched* without a workflow, and a workflow without a row.
    """
    found = json.loads(file.read_text(encoding="utf-8"))
    workflows = dict(found["workflows"])
    rows = {launch.name: launch for launch in Launch.objects.all()}
    lost = [name for name in found["confirmed"] if name not in rows]
    lost += [name for name in workflows.values() if name not in rows]
    lost += [
        row.name
        for row in rows.values()
        if row.state == Launch.State.LAUNCHED and workflows.get(row.workflow_id or 0) != row.name
    ]
    doubled = sum(number - 1 for number in Counter(workflows.values()).values())
    doubled += Launch.objects.count() - len(rows)
    states = Counter(row.state for row in rows.values())
    answer(confirmed=len(found["confirmed"]), lost=len(lost), doubled=doubled, states=states)


if __name__ == "__main__":
    if sys.argv[1] == "people":
        people(int(sys.argv[2]))
    else:
        check(Path(sys.argv[2]))

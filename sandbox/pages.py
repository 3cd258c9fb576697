"""Pages for people: what this server is, which workflows arrived and how far they are, and who is notified.

``/workflows/<id>`` is where the dashboard's links into Pneumatic lead when they are pointed at the sandbox.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from html import escape
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from .shapes import Record, all_fields
from .state import CURRENT, DOCUMENTED, State
from .wire import Answer
from .workflows import RUNNING, SNOOZED, STATUS_NAMES

_SHOWN = 50
_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem;
  padding: 0 1rem 1rem; margin: 1rem 0 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: start; vertical-align: top; padding: .25rem .75rem .25rem 0; overflow-wrap: anywhere }
td { white-space: pre-wrap }
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
_FRONT = """<p>A simulator of the Pneumatic API{which} for trying out, training and tests. Nothing here reaches a real
account, and everything is forgotten when the sandbox stops.</p>
<p>Templates: {templates}. Users: {users}. Files received: {files}.</p>
<h2>Webhook subscriptions</h2>
{subscriptions}
<h2>Workflows</h2>
{workflows}"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def page(path: str, state: State) -> Answer | None:
    """Return the page at ``path`` as it is now; None where there is none."""
    workflow_id = path.removeprefix("/workflows/")
    with state.lock:
        if path == "/":
            return _page("Pneumatic sandbox", _front(state))
        if workflow_id == path or not (workflow_id.isascii() and workflow_id.isdigit()):
            return None
        workflow = state.workflows.get(int(workflow_id[:18]))
        if workflow is None:
            return None
        back = '<p><a href="/">All workflows of this sandbox</a></p>'
        return _page(workflow["name"], _details(workflow, state) + back)


def _page(title: str, content: str) -> Answer:
    text = _PAGE.format(title=escape(title), style=_STYLE, content=content)
    return Answer(200, text.encode(errors="replace"), "text/html; charset=utf-8", dict(_HEADERS))


def _front(state: State) -> str:
    return _FRONT.format(
        which=f", as the current server implements it (release {state.release.name}),"
        if state.dialect == CURRENT
        else "",
        templates=len(state.templates),
        users=len(state.users),
        files=sum(1 for attachment in state.attachments.values() if attachment.file),
        subscriptions=_subscriptions(state),
        workflows=_workflows(state),
    )


def _subscriptions(state: State) -> str:
    if not state.subscriptions:
        return "<p>None: no one is notified when a workflow moves.</p>"
    rows = "".join(
        f"<tr><td>{item['id']}</td><td><code>{escape(item['event'])}</code></td>"
        f"<td>{escape(_without_secret(item['target']))}</td></tr>"
        for item in islice(state.subscriptions.values(), _SHOWN)
    )
    return _table(("Id", "Event", "Target"), rows)


def _without_secret(target: str) -> str:
    """Return a target up to its path: what follows may be what only sender and receiver know."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def _workflows(state: State) -> str:
    if not state.workflows:
        return "<p>None yet. Launch one from the dashboard and load this page again.</p>"
    newest = list(islice(reversed(state.workflows.values()), _SHOWN))
    note = f"<p>The last {_SHOWN} of {len(state.workflows)}.</p>" if len(state.workflows) > _SHOWN else ""
    return note + "".join(
        f'<article><h3><a href="/workflows/{workflow["id"]}">{escape(workflow["name"])}</a></h3>'
        f"{_details(workflow, state)}</article>"
        for workflow in newest
    )


def _details(workflow: Record, state: State) -> str:
    fields = {field["api_name"]: field for field in all_fields(workflow["form"])}
    rows = "".join(
        f'<tr><th scope="row">{escape(fields[key]["name"] if key in fields else key)}</th>'
        f"<td>{escape(_meaning(value, fields.get(key), state))}</td>"
        f"<td><code>{escape(json.dumps(value, ensure_ascii=False))}</code></td></tr>"
        for key, value in workflow["kickoff"].items()
    )
    answers = (
        _table(("Field", "Means", "Was sent" if state.dialect == DOCUMENTED else "Is kept as"), rows)
        if rows
        else "<p>It was launched without answers.</p>"
    )
    timestamp = f"{workflow['date_created'][:19].replace('T', ' ')} UTC"
    return (
        f"<p>Workflow {workflow['id']}, launched at {timestamp} from template "
        f"{workflow['template_id']}, {escape(workflow['template_name'])}. "
        f"It is <strong>{STATUS_NAMES[workflow['status']]}</strong>.</p>{answers}{_steps(workflow, state)}"
    )


def _steps(workflow: Record, state: State) -> str:
    rows = "".join(
        f'<tr><th scope="row">{step["number"]}. {escape(step["name"])}</th>'
        f"<td>{escape(_performers(step, state))}</td><td>{_how_far(step, workflow)}</td>"
        f"<td>{escape(_outputs(step, state))}</td></tr>"
        for step in workflow["steps"]
    )
    return _table(("Task", "Performers", "State", "Outputs"), rows) if rows else ""


def _how_far(step: Record, workflow: Record) -> str:
    if step["date_completed"]:
        return f"completed at {_clock(step['date_completed'])}"
    if step["number"] == workflow["current"] and step["date_started"]:
        return f"current since {_clock(step['date_started'])}"
    return "waits" if workflow["status"] == RUNNING or workflow["status"] == SNOOZED else "never started"


def _outputs(step: Record, state: State) -> str:
    fields = {field["api_name"]: field for field in step["fields"]}
    return "\n".join(
        f"{fields[key]['name']}: {_meaning(value, fields[key], state)}"
        for key, value in step["answers"].items()
        if key in fields
    )


def _performers(step: Record, state: State) -> str:
    people = [_person(id_, state) for id_ in step["performers"]]
    return ", ".join(people + [_group(id_, state) for id_ in step["groups"]])


def _person(id_: int, state: State) -> str:
    user = state.users.get(id_)
    return f"{user['first_name']} {user['last_name']}".strip() or str(user["email"]) if user else str(id_)


def _group(id_: int, state: State) -> str:
    group = state.groups.get(id_)
    return str(group["name"]) if group else str(id_)


def _clock(timestamp: str) -> str:
    return f"{timestamp[11:19]} UTC"


def _table(columns: tuple[str, ...], rows: str) -> str:
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _meaning(value: Any, field: Record | None, state: State) -> str:
    """Return ids as the names that they stand for, and text as it is."""
    items = value if isinstance(value, list) else [value]
    return ", ".join(_name(item, field, state) for item in items if item is not None)


def _name(item: Any, field: Record | None, state: State) -> str:
    if field is not None and field["type"] == "date" and isinstance(item, int | float):
        timestamp = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(seconds=item)
        return f"{timestamp:%Y-%m-%d %H:%M} UTC"
    if isinstance(item, dict):
        return _group(item["group"], state)
    if field is None or not isinstance(item, int):
        return str(item)
    if field["type"] == "user":
        return _person(item, state)
    if field["type"] == "file":
        attachment = state.attachments.get(item)
        return attachment.name if attachment else str(item)
    return next((option["value"] for option in field["selections"] if option["id"] == item), str(item))

"""Pages for people: what this server is, and which workflows arrived.

``/workflows/<id>`` is where the dashboard's links into Pneumatic lead when they are pointed at the sandbox.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

from .shapes import Record
from .state import State
from .wire import Answer

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
_FRONT = """<p>A stand-in of the Pneumatic API for trying out, training and tests. Nothing here reaches a real
account, and everything is forgotten when the sandbox stops.</p>
<p>Templates: {templates}. Users: {users}. Files received: {files}.</p>
<h2>Launched workflows</h2>
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
        workflow = next((item for item in state.workflows if str(item["id"]) == workflow_id), None)
        if workflow is None or workflow_id == path:
            return None
        back = '<p><a href="/">All workflows of this sandbox</a></p>'
        return _page(workflow["name"], _details(workflow, state) + back)


def _page(title: str, content: str) -> Answer:
    text = _PAGE.format(title=escape(title), style=_STYLE, content=content)
    return Answer(200, text.encode(errors="replace"), "text/html; charset=utf-8", dict(_HEADERS))


def _front(state: State) -> str:
    return _FRONT.format(
        templates=len(state.templates),
        users=len(state.users),
        files=sum(1 for attachment in state.attachments.values() if attachment.file),
        workflows=_workflows(state),
    )


def _workflows(state: State) -> str:
    if not state.workflows:
        return "<p>None yet. Launch one from the dashboard and load this page again.</p>"
    newest = state.workflows[-_SHOWN:][::-1]
    note = f"<p>The last {_SHOWN} of {len(state.workflows)}.</p>" if len(state.workflows) > _SHOWN else ""
    return note + "".join(
        f'<article><h3><a href="/workflows/{workflow["id"]}">{escape(workflow["name"])}</a></h3>'
        f"{_details(workflow, state)}</article>"
        for workflow in newest
    )


def _details(workflow: Record, state: State) -> str:
    template = state.templates.get(workflow["template_id"])
    fields = {field["api_name"]: field for field in template["kickoff"]["fields"]} if template else {}
    rows = "".join(
        f'<tr><th scope="row">{escape(fields[key]["name"] if key in fields else key)}</th>'
        f"<td>{escape(_meaning(value, fields.get(key), state))}</td>"
        f"<td><code>{escape(json.dumps(value, ensure_ascii=False))}</code></td></tr>"
        for key, value in workflow["kickoff"].items()
    )
    head = '<tr><th scope="col">Field</th><th scope="col">Means</th><th scope="col">Was sent</th></tr>'
    answers = f"<table>{head}{rows}</table>" if rows else "<p>It was launched without answers.</p>"
    moment = f"{workflow['date_created'][:19].replace('T', ' ')} UTC"
    return (
        f"<p>Workflow {workflow['id']}, launched at {moment} from template "
        f"{workflow['template_id']}, {escape(workflow['template_name'])}.</p>{answers}"
    )


def _meaning(value: Any, field: Record | None, state: State) -> str:
    """Return ids as the names that they stand for, and text as it is."""
    items = value if isinstance(value, list) else [value]
    return ", ".join(_name(item, field, state) for item in items if item is not None)


def _name(item: Any, field: Record | None, state: State) -> str:
    if field is None or not isinstance(item, int):
        return str(item)
    if field["type"] == "user":
        user = state.users.get(item)
        return f"{user['first_name']} {user['last_name']}".strip() or user["email"] if user else str(item)
    if field["type"] == "file":
        attachment = state.attachments.get(item)
        return attachment.name if attachment else str(item)
    return next((option["value"] for option in field["selections"] if option["id"] == item), str(item))

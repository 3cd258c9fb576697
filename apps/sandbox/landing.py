"""The page at ``/``: what this server is, and which workflows arrived."""

from __future__ import annotations

import json
from html import escape

from .shapes import Record
from .state import State
from .wire import Answer

_SHOWN = 50
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pneumatic sandbox</title>
</head>
<body>
<main>
<h1>Pneumatic sandbox</h1>
<p>A stand-in of the Pneumatic API for trying out, training and tests. Nothing here reaches a real account, and
everything is forgotten when the sandbox stops.</p>
<p>It holds {templates} templates and {users} users, and has received {files} files.</p>
<h2>Launched workflows</h2>
{workflows}
</main>
</body>
</html>
"""


def landing_page(state: State) -> Answer:
    """Return the page as it is now."""
    with state.lock:
        page = _PAGE.format(
            templates=len(state.templates),
            users=len(state.users),
            files=sum(1 for attachment in state.attachments.values() if attachment.file),
            workflows=_workflows(state),
        )
    return Answer(
        200,
        page.encode(errors="replace"),
        "text/html; charset=utf-8",
        {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"},
    )


def _workflows(state: State) -> str:
    if not state.workflows:
        return "<p>None yet. Launch one from the dashboard and load this page again.</p>"
    newest = state.workflows[-_SHOWN:][::-1]
    note = f"<p>The last {_SHOWN} of {len(state.workflows)}.</p>" if len(state.workflows) > _SHOWN else ""
    return note + "".join(_workflow(workflow, state) for workflow in newest)


def _workflow(workflow: Record, state: State) -> str:
    template = state.templates.get(workflow["template_id"])
    names = {field["api_name"]: field["name"] for field in template["kickoff"]["fields"]} if template else {}
    rows = "".join(
        f"<tr><th scope=row>{escape(names.get(api_name, api_name))}</th>"
        f"<td><code>{escape(json.dumps(value, ensure_ascii=False))}</code></td></tr>"
        for api_name, value in workflow["kickoff"].items()
    )
    return (
        f"<h3>{escape(workflow['name'])}</h3>"
        f"<p>Workflow {workflow['id']} of template {workflow['template_id']}, "
        f"{escape(workflow['template_name'])}, at {workflow['date_created']}.</p>"
        f"<table>{rows}</table>"
    )

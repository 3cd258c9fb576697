"""Notice answers of kickoff forms that were edited in Pneumatic: that sends no event and leaves no time.

A list of workflows has the answers to those fields that the request names, so no request is added. A
request has room for some 250 fields. Of more, each list has another choice: those of some templates, at random.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Max

from apps.pneumatic.canonical.events import Output, WorkflowSnapshot, output_from_json
from apps.workflows.models import Workflow

# Servers refuse a request line of more than 4,094 bytes, and names of fields may grow when they are encoded.
MAX_NAMES_BYTES = 3000


def names_to_compare() -> tuple[str, ...]:
    """Return API names of kickoff fields, as many as fit into a request: those of each template's newest workflow."""
    newest = (
        Workflow.objects.values("template_id").annotate(newest=Max("pk")).values_list("newest", flat=True)
    )
    rows = Workflow.objects.filter(pk__in=list(newest)).values_list("history__kickoff", flat=True)
    forms = [[output["api_name"] for output in kickoff or ()] for kickoff in rows]
    random.shuffle(forms)
    chosen: dict[str, None] = {}
    room = MAX_NAMES_BYTES
    for name in (name for form in forms for name in form):
        if name in chosen or not name or "," in name:
            continue
        room -= len(name.encode()) + 1
        if room < 0:
            break
        chosen[name] = None
    return tuple(sorted(chosen))


def is_edited(listed: WorkflowSnapshot, kickoff: Sequence[Mapping[str, Any]] | None) -> bool:
    """Return whether a listed answer differs from that in ``kickoff``, the stored answers as JSON."""
    stored = {row["api_name"]: _answer(output_from_json(row)) for row in kickoff or ()}
    return any(
        stored[output.api_name] != _answer(output) for output in listed.kickoff if output.api_name in stored
    )


def _answer(output: Output) -> object:
    """Return what both a list and a reading have: a list has neither options nor, before 4.3, names of users."""
    return output.user_id or output.group_id or output.value

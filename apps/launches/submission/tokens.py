"""The one-use id in each launch form. Docs: ``docs/decisions/0002-one-submission-one-workflow.md``."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import MutableMapping
from typing import Any

from apps.core.identifiers import read_uuid
from apps.launches.models import Launch

SESSION_KEY = "launch_submissions"
MAX_FORMS = 50  # per session; the oldest is forgotten first


def unused_submission_id(session: MutableMapping[str, Any], *, template_id: int, query: str) -> uuid.UUID:
    """Return the submission id of the form at this address: the same one until a launch has used it.

    So two tabs with the same form share an id, and launching in both starts one workflow.
    """
    known: dict[str, str] = session.get(SESSION_KEY, {})
    key = f"{template_id}:{hashlib.sha256(query.encode()).hexdigest()[:16]}"
    current = read_uuid(known.get(key, ""))
    if current is not None and not Launch.objects.filter(submission_id=current).exists():
        return current
    fresh = uuid.uuid4()
    known.pop(key, None)
    newest = list(known.items())[-(MAX_FORMS - 1) :]
    session[SESSION_KEY] = {**dict(newest), key: str(fresh)}
    return fresh

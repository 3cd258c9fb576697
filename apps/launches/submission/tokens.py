"""How a repeat of one wish is told from a second wish.

A form carries a one-use ``submission_id``. Docs: ``docs/decisions/0002-one-submission-one-workflow.md``.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from apps.accounts.models import User
from apps.launches.models import Launch, UploadedFile
from apps.pneumatic.canonical.schemas import Answer, FileValue, Urgency

SESSION_KEY = "launch_submissions"
FORMS_REMEMBERED = 50  # per session; the oldest is forgotten first


def parse_id(text: str) -> uuid.UUID | None:
    """Return the UUID written in ``text``; None when it is not one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def unspent_id(session: MutableMapping[str, Any], *, template_id: int, query: str) -> uuid.UUID:
    """Return the submission id of the form at this address: the same one until a launch has used it.

    So two tabs with the same form share an id, and launching in both starts one workflow.
    """
    known: dict[str, str] = session.get(SESSION_KEY, {})
    key = f"{template_id}:{hashlib.sha256(query.encode()).hexdigest()[:16]}"
    current = parse_id(known.get(key, ""))
    if current is not None and not Launch.objects.filter(submission_id=current).exists():
        return current
    fresh = uuid.uuid4()
    known.pop(key, None)
    newest = list(known.items())[-(FORMS_REMEMBERED - 1) :]
    session[SESSION_KEY] = {**dict(newest), key: str(fresh)}
    return fresh


def digest(
    *,
    user: User,
    name: str,
    answers: Sequence[Answer],
    as_json: Mapping[str, Any],
    urgency: Urgency,
) -> str:
    """Return what two submissions of the same wish have in common.

    Files count by content: a form that is sent twice without JavaScript uploads its files twice, under two ids.
    """
    comparable: dict[str, Any] = dict(as_json)
    files = {
        answer.field.api_name: answer.value
        for answer in answers
        if isinstance(answer.value, tuple) and any(isinstance(part, FileValue) for part in answer.value)
    }
    contents = fingerprints(user=user, attachment_ids=attachment_ids(answers))
    for api_name, value in files.items():
        comparable[api_name] = [
            contents.get(part.id, ["", part.id]) for part in value if isinstance(part, FileValue)
        ]
    wish: list[Any] = [name, comparable]
    if urgency != Urgency():  # or launches from before there was such a thing would look like others
        wish.append([urgency.is_urgent, urgency.due.timestamp() if urgency.due else None])
    text = json.dumps(wish, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def attachment_ids(answers: Sequence[Answer]) -> list[str]:
    """Return the ids of the files among the answers."""
    values = [answer.value for answer in answers if isinstance(answer.value, tuple)]
    return [part.id for value in values for part in value if isinstance(part, FileValue)]


def fingerprints(*, user: User, attachment_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return name and content hash of the files that ``user`` uploaded, by attachment id."""
    if not attachment_ids:
        return {}
    found = UploadedFile.objects.filter(owner=user, attachment_id__in=attachment_ids)
    return {file.attachment_id: [file.name, file.sha256] for file in found}

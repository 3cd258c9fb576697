"""Answers as the current server shows them: every value is a text, with one copy as Markdown and one without."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shapes import CHOICE_TYPES, Record
from sandbox.state import State

from .files.attachments import attachment_object, shown_name, stored_url
from .shapes import name_of

_BOLD = re.compile(r"\*\*(.+?)\*\*|__(.+?)__")
_VARIABLE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def outputs(
    fields: Sequence[Record],
    answers: Mapping[str, Any],
    workflow: Record,
    state: State,
    *,
    unanswered: str | None,
) -> list[Record]:
    """Return all fields with their values, as in ``output``.

    The value of a field without an answer is empty; its copies are ``unanswered``: null until the
    question is shown.
    """
    return [_output(field, answers, workflow, state, unanswered) for field in fields]


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with its ``{{names}}`` replaced by values; unknown names stay as they are."""
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def plain_values(
    fields: Sequence[Record], answers: Mapping[str, Any], starter: Record | None, state: State
) -> dict[str, str]:
    """Return the texts that stand for ``{{api_name}}`` in names and descriptions."""
    return {
        field["api_name"]: _texts(field, answers.get(field["api_name"]), starter, state)[2]
        for field in fields
    }


def shown_time(seconds: float, user: Record | None) -> str:
    """Return a timestamp in a user's time zone and format."""
    zone = ZoneInfo(user["timezone"]) if user else dt.UTC
    timestamp = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(seconds=seconds)
    has_12_hours = user is None or user["date_fmt"].endswith("p")
    return timestamp.astimezone(zone).strftime("%b %d, %Y, %I:%M%p" if has_12_hours else "%d %b, %Y, %H:%M")


def _output(
    field: Record, answers: Mapping[str, Any], workflow: Record, state: State, unanswered: str | None
) -> Record:
    answer = answers.get(field["api_name"])
    value, markdown, clear = _texts(field, answer, state.users.get(workflow["started_by"]), state)
    is_person = field["type"] == "user"
    shown: Record = {
        "id": workflow["id"] * 10_000 + field["id"],
        "order": field["order"],
        "type": field["type"],
        "is_required": field["is_required"],
        "is_hidden": field["is_hidden"],
        "description": field["description"],
        "api_name": field["api_name"],
        "name": field["name"],
        "value": value,
        "markdown_value": markdown if value else unanswered,
        "clear_value": clear if value else unanswered,
        "user_id": answer if is_person and isinstance(answer, int) else None,
        "group_id": answer["group"] if is_person and isinstance(answer, dict) else None,
        "selections": _selections(field, answer, workflow, state) if field["type"] in CHOICE_TYPES else [],
    }
    if state.release.has_attachments:
        shown["attachments"] = (
            [_attachment(id_, state) for id_ in answer or ()] if field["type"] == "file" else []
        )
    return state.release.known(shown)


def _selections(field: Record, answer: Any, workflow: Record, state: State) -> list[Any]:
    """Return the options as texts, or as objects with ids of this workflow, which are not those of the template."""
    if state.release.stored_options == "texts":
        return [option["value"] for option in field["selections"]]
    chosen = answer if isinstance(answer, list) else [answer]
    return [
        {
            "id": workflow["id"] * 10_000 + option["id"],
            "value": option["value"],
            "is_selected": option["id"] in chosen,
            "api_name": option["api_name"],
        }
        for option in field["selections"]
    ]


def _texts(field: Record, answer: Any, starter: Record | None, state: State) -> tuple[str, str, str]:
    """Return an answer as it was sent, as Markdown, and without Markdown."""
    if answer is None or answer in ("", []):
        return "", "", ""
    kind = field["type"]
    if kind == "file":
        links = [_link(item, state) for item in answer]
        urls = ", ".join(url for _, url in links)
        return urls, ", ".join(f"[{label}]({url})" for label, url in links), urls
    if kind == "url":
        return answer, f"[{field['name']}]({answer})", answer
    if kind == "date":
        seconds = _seconds(answer)
        if state.release.dates == "us":
            shown = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%m/%d/%Y")
            return shown, shown, shown
        shown = shown_time(seconds, starter)
        return str(seconds), shown, shown
    if kind in {"string", "text"}:
        return answer, answer, _BOLD.sub(lambda match: match[1] or match[2], answer)
    text = _text(field, answer, state)
    if kind == "user" and state.release.stored_people == "ids" and isinstance(answer, int):
        return str(answer), text, text
    return text, text, text


def _text(field: Record, answer: Any, state: State) -> str:
    if field["type"] in CHOICE_TYPES:
        values = {option["id"]: option["value"] for option in field["selections"]}
        chosen = answer if isinstance(answer, list) else [answer]
        return ", ".join(values[id_] for id_ in chosen if id_ in values)
    if field["type"] == "user" and isinstance(answer, dict):
        group = state.groups.get(answer["group"])
        return str(group["name"]) if group else ""
    if field["type"] == "user":
        user = state.users.get(answer)
        return name_of(user) if user else ""
    return str(answer)


def _seconds(answer: Any) -> float:
    """Return a date as the number that was sent; what the sandbox made up is a day."""
    if isinstance(answer, str):
        return int(dt.datetime.fromisoformat(answer).replace(tzinfo=dt.UTC).timestamp())
    return float(answer) if isinstance(answer, float) else answer


def _link(item: Any, state: State) -> tuple[str, str]:
    """Return label and URL of a file, or of a link as it was sent."""
    if isinstance(item, str):
        label, _, url = item.removeprefix("[").removesuffix(")").partition("](")
        return label, url
    attachment = state.attachments.get(item)
    if attachment is None:
        return "", state.files_url
    if state.release.files == "ids":
        return shown_name(attachment, state), stored_url(attachment, state)
    return attachment.name, f"{state.files_url}/{attachment.uuid}"


def _attachment(item: Any, state: State) -> Record:
    """Return a file of an answer, as releases with attachments list it."""
    attachment = state.attachments.get(item) if isinstance(item, int) else None
    return attachment_object(attachment, state) if attachment else {}

"""Judge the body of a launch, field by field, as strictly as the documentation allows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .errors import Problem
from .shapes import Record
from .state import State

REQUIRED = "This field is required."
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RUN_KEYS = {"id", "name", "kickoff", "tasks"}
_TASK_KEYS = {"number", "url"}


def run_problems(body: Any, template: Record, state: State) -> list[Problem]:
    """Return everything that is wrong with the body of a launch; an empty list means that it may start."""
    if not isinstance(body, dict):
        return [Problem("body", "Send a JSON object.")]
    problems = [Problem(str(key), "Unknown key.") for key in body if key not in _RUN_KEYS]
    if "id" in body and (not _is_int(body["id"]) or body["id"] != template["id"]):
        problems.append(Problem("id", "This is not the id of the template in the URL."))
    if reason := _text_reason(body.get("name")) or ("" if str(body.get("name") or "").strip() else REQUIRED):
        problems.append(Problem("name", reason))
    problems += _kickoff_problems(body.get("kickoff"), template, state)
    problems += _task_problems(body.get("tasks"), template)
    return problems


def _kickoff_problems(kickoff: Any, template: Record, state: State) -> list[Problem]:
    if kickoff is None:
        kickoff = {}
    if not isinstance(kickoff, dict):
        return [Problem("kickoff", "Send an object whose keys are the API names of the kickoff fields.")]
    fields = {field["api_name"]: field for field in template["kickoff"]["fields"]}
    problems = []
    for api_name, field in fields.items():
        reason = value_reason(kickoff.get(api_name), field, state)
        if reason:
            problems.append(Problem(api_name, reason, is_field=True))
    problems += [
        Problem(api_name, "The kickoff form has no such field.", is_field=True)
        for api_name in kickoff
        if api_name not in fields
    ]
    return problems


def value_reason(value: Any, field: Record, state: State) -> str:
    if value is None or value in ("", []):
        return REQUIRED if field["is_required"] else ""
    # A type that the documentation does not know has no rules that we could check.
    check = _REASONS.get(field["type"])
    return check(value, field, state) if check else ""


def _string_reason(value: Any, field: Record, state: State) -> str:
    reason = _text_reason(value)
    return reason or (REQUIRED if field["is_required"] and not value.strip() else "")


def _url_reason(value: Any, field: Record, state: State) -> str:
    return "" if is_web_url(value) else "Send an http or https URL."


def _choice_reason(value: Any, field: Record, state: State) -> str:
    if not _is_int(value):
        return "Send the id of one selection, a number."
    return "" if value in _selection_ids(field) else "This field has no selection with that id."


def _checkbox_reason(value: Any, field: Record, state: State) -> str:
    if not _is_list_of_ids(value):
        return "Send a list of ids of selections, numbers, none of them twice."
    return "" if set(value) <= _selection_ids(field) else "This field has no selection with one of those ids."


def _date_reason(value: Any, field: Record, state: State) -> str:
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        return "Send a date in ISO format, YYYY-MM-DD."
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return "There is no such day."
    return ""


def _user_reason(value: Any, field: Record, state: State) -> str:
    if not _is_int(value):
        return "Send the id of a user, a number."
    return "" if value in state.users else "There is no user with that id."


def _file_reason(value: Any, field: Record, state: State) -> str:
    if not _is_list_of_ids(value):
        return "Send a list of ids of attachments, numbers, none of them twice."
    for id_ in value:
        attachment = state.attachments.get(id_)
        if attachment is None:
            return "There is no attachment with that id."
        if attachment.file is None:
            return f"The file {attachment.name} was announced, but never uploaded."
    return ""


_REASONS: dict[str, Callable[[Any, Record, State], str]] = {
    "string": _string_reason,
    "text": _string_reason,
    "url": _url_reason,
    "radio": _choice_reason,
    "radiobutton": _choice_reason,
    "dropdown": _choice_reason,
    "checkbox": _checkbox_reason,
    "date": _date_reason,
    "user": _user_reason,
    "file": _file_reason,
}


def _task_problems(tasks: Any, template: Record) -> list[Problem]:
    if tasks is None:
        return []
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        return [Problem("tasks", 'Send a list of objects like {"number": 1, "url": "https://..."}.')]
    numbers = [task.get("number") for task in tasks]
    known = {task["number"] for task in template["tasks"]}
    if any(set(task) != _TASK_KEYS for task in tasks):
        return [Problem("tasks", "Send number and url for each task: only url can be overwritten.")]
    if not all(_is_int(number) and number in known for number in numbers):
        return [Problem("tasks", "The template has no task with one of those numbers.")]
    if len(set(numbers)) < len(numbers):
        return [Problem("tasks", "A task is listed twice.")]
    if not all(is_web_url(task["url"]) for task in tasks):
        return [Problem("tasks", "The url of a task must be an http or https URL.")]
    return []


def _text_reason(value: Any) -> str:
    if value is None:
        return REQUIRED
    if not isinstance(value, str):
        return "Send a text."
    return "Null characters are not allowed." if "\0" in value else ""


def _is_int(value: Any) -> bool:
    # bool is a subclass of int in Python, but true is no id.
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of_ids(value: Any) -> bool:
    return isinstance(value, list) and all(_is_int(item) for item in value) and len(set(value)) == len(value)


def is_web_url(value: Any) -> bool:
    """Return whether ``value`` is an http or https URL with a host."""
    if not isinstance(value, str) or any(character.isspace() or ord(character) < 32 for character in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _selection_ids(field: Record) -> set[int]:
    return {selection["id"] for selection in field["selections"]}

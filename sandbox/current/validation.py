"""Judge what launching and completing bring, field by field as the current server does, and turn it into answers.

The server stops at the first value that is wrong. Where it breaks instead of refusing, Broken is raised.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.shapes import Record, file_answers
from sandbox.state import State

from . import errors
from .errors import Complaint
from .releases import Release
from .webhooks import is_valid_url

MAX_STRING_CHARACTERS = 140
FILL_IN = "Please fill in the required fields."
NO_TEXT = "Value should be a string."
TOO_LONG = "The value of the field exceeds the limit of {limit} characters."
NO_SELECTION = "A selection with the given value does not exist."
NO_SELECTION_ID = "Selection with the given id does not exist."
NO_LIST = "Checkbox value should be a list."
NO_SELECTIONS = "Checkbox value contains invalid selections."
UNKNOWN_SELECTIONS = "Checkbox value contains non existent selections."
NO_DATE = "The date value must be an integer or a floating-point number."
NO_DATE_TEXT = "Date value should be a string. Format: MM/DD/YYYY."
NO_DATE_FORMAT = "Invalid date format. Should be MM/DD/YYYY."
NO_URL_TEXT = "URL field value should be a string."
NO_URL = "The URL is invalid."
NO_USER = 'The user or group specified for a "User" field does not exist.'
NO_USER_ID = "The value must be the ID of an existing account user."
UNKNOWN_USER_ID = "Account user with given id does not exist."
NO_LINKS = "File value should be a list of Markdown links."
NO_FILE_IDS = "File value should be a list of integers."
UNKNOWN_FILE = "Attachment not found."

_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_FIRST_SECOND = dt.datetime(1, 1, 2, tzinfo=dt.UTC).timestamp()
_LAST_SECOND = dt.datetime(9999, 12, 31, tzinfo=dt.UTC).timestamp()


class Broken(Exception):
    """The server responds to this with an internal error."""


def answers(
    fields: Iterable[Record], given: dict[str, Any], state: State, *, needs_required: bool = True
) -> Record:
    """Return the values of fields in the form in which they are kept; empty ones and unknown keys are dropped.

    Raise Complaint at the first wrong value, and Broken at one on which the server breaks.
    """
    kept: Record = {}
    for field in fields:
        value = given.get(field["api_name"])
        if value is None or value in ("", []):
            if field["is_required"] and needs_required:
                raise errors.wrong_field(field["api_name"], FILL_IN)
            continue
        kept[field["api_name"]] = _READERS[field["type"]](value, field, state)
    return kept


def _wrong(field: Record, text: str, **values: object) -> Complaint:
    return errors.wrong_field(field["api_name"], text, **values)


def _text(value: Any, field: Record, state: State) -> str:
    if not isinstance(value, str):
        raise _wrong(field, NO_TEXT)
    if "\0" in value:
        raise Broken
    return value


def _string(value: Any, field: Record, state: State) -> str:
    text = _text(value, field, state)
    if len(text) > MAX_STRING_CHARACTERS:
        raise _wrong(field, TOO_LONG, limit=MAX_STRING_CHARACTERS)
    return text


def _number(value: Any, field: Record, state: State) -> str:
    try:
        return str(Decimal(str(value)))
    except InvalidOperation:
        raise _wrong(field, state.release.number_refusal) from None


def _selection(value: Any, field: Record, state: State) -> int:
    found = _options([value], field, state.release) if isinstance(value, str) else None
    if not found:
        raise _wrong(field, NO_SELECTION if "value" in state.release.option_names else NO_SELECTION_ID)
    return found[0]


def _checkbox(value: Any, field: Record, state: State) -> list[int]:
    if not isinstance(value, list):
        raise _wrong(field, NO_LIST)
    if not all(isinstance(item, str) for item in value):
        raise _wrong(field, NO_SELECTIONS)
    found = _options(value, field, state.release)
    if found is None:
        are_ids = "id" not in state.release.option_names or all(
            _number_in(item) is not None for item in value
        )
        raise _wrong(field, UNKNOWN_SELECTIONS if are_ids else NO_SELECTIONS)
    return found


def _options(texts: list[str], field: Record, release: Release) -> list[int] | None:
    """Return the ids of the options that all of these texts name in one way; None when no way names all of them.

    So a text of digits is an id to a release that reads ids, whichever option has it as its text.
    """
    for name in release.option_names:
        ids = {option[name]: int(option["id"]) for option in field["selections"]}
        names = [_number_in(text) for text in texts] if name == "id" else texts
        if all(key in ids for key in names):
            return [ids[key] for key in names]
    return None


def _number_in(value: Any) -> int | None:
    """Return what an older release makes of something that should be an id; None when it is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _date(value: Any, field: Record, state: State) -> int | float:
    """Return a date in seconds of Unix time; one that was sent as a day is that day in UTC."""
    if state.release.dates == "us":
        if not isinstance(value, str):
            raise _wrong(field, NO_DATE_TEXT)
        try:
            return int(dt.datetime.strptime(value, "%m/%d/%Y").replace(tzinfo=dt.UTC).timestamp())
        except ValueError:
            raise _wrong(field, NO_DATE_FORMAT) from None
    if not isinstance(value, int | float):
        raise _wrong(field, NO_DATE)
    if not _FIRST_SECOND <= value <= _LAST_SECOND:  # NaN is in no range
        raise Broken
    return value


def _url(value: Any, field: Record, state: State) -> str:
    if not isinstance(value, str):
        raise _wrong(field, NO_URL_TEXT)
    scheme, has_scheme, rest = value.partition("://")
    if not has_scheme or scheme.lower() in {"ftp", "ftps"}:
        is_valid = is_valid_url(f"http://{rest or value}")
    else:
        is_valid = is_valid_url(value)
    if not is_valid:
        raise _wrong(field, NO_URL)
    return value


def _user(value: Any, field: Record, state: State) -> int | Record:
    if state.release.people == "id":
        id_ = _number_in(value)
        if id_ is None:
            raise _wrong(field, NO_USER_ID)
        if id_ not in state.users:
            raise _wrong(field, UNKNOWN_USER_ID)
        return id_
    if isinstance(value, str):
        name = value.casefold()
        for user in state.users.values():
            if user["email"].casefold() == name and user["status"] in {"active", "invited"}:
                return int(user["id"])
        for group in state.groups.values():
            # Those who substitute a user on vacation are a group of the type "personal".
            if group["type"] == "regular" and group["name"].casefold() == name:
                return {"group": group["id"]}
    raise _wrong(field, NO_USER)


def _files(value: Any, field: Record, state: State) -> list[int | str]:
    """Return the ids of attachments; a link stays a text where its label or its file is not what the service has.

    Only the place is checked to which a link leads, not that a file exists, and who owns it.
    """
    if state.release.files == "ids":
        return _attachments(value, field, state)
    if not isinstance(value, list):
        raise _wrong(field, NO_LINKS)
    ids = {f"[{item.name}]({state.files_url}/{item.uuid})": item.id for item in state.attachments.values()}
    kept: list[int | str] = []
    for item in value:
        match = _LINK.fullmatch(item) if isinstance(item, str) else None
        if match is None or not match[2].startswith(f"{state.files_url}/"):
            raise _wrong(field, NO_LINKS)
        link = str(item)
        kept.append(ids.get(link, link))
    return kept


def _attachments(value: Any, field: Record, state: State) -> list[int | str]:
    """Return ids of attachments, which may not be in another answer already."""
    ids = [_number_in(item) for item in value] if isinstance(value, list) else [None]
    if None in ids:
        raise _wrong(field, NO_FILE_IDS)
    workflows = state.workflows.values()
    held = {item for workflow in workflows for item in file_answers(workflow)}
    # A task that was returned may be completed with the same file once more.
    steps = [step["answers"] for workflow in workflows for step in workflow["steps"]]
    held -= {item for answers in steps for item in answers.get(field["api_name"]) or []}
    if len(set(ids)) < len(ids) or not set(state.attachments).difference(held).issuperset(ids):
        raise _wrong(field, UNKNOWN_FILE)
    return [id_ for id_ in ids if id_ is not None]


_READERS: dict[str, Callable[[Any, Record, State], Any]] = {
    "string": _string,
    "text": _text,
    "number": _number,
    "radio": _selection,
    "dropdown": _selection,
    "checkbox": _checkbox,
    "date": _date,
    "url": _url,
    "user": _user,
    "file": _files,
}

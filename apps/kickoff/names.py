"""Names of controls for fields whose ``api_name`` may be any text.

A control is called ``kickoff-<api_name>``; the box that searches its options ``find-<api_name>``. Two things
change such a name between page and server:

* Browsers write a ``"`` of a name as ``%22`` into a multipart body, and no server reverts it
  (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data).
* Django refuses a part whose headers exceed 1,024 bytes, reads a backslash in them as an escape, and cuts blanks off
  the ends of a name.

So ``read_controls`` reverts the first, and a name with other problems is replaced by its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from django.utils.datastructures import MultiValueDict

from apps.pneumatic.canonical.schemas import FieldDefinition

CONTROL_PREFIX = "kickoff-"
FIND_PREFIX = "find-"
MAX_NAME_BYTES = 400  # leaves room for the rest of a part's headers, and for a URL

T = TypeVar("T")


@lru_cache(maxsize=10_000)  # a batch asks for the same few of every row
def control_key(api_name: str) -> str:
    """Return ``api_name``, or its hash where a form cannot contain the name itself."""
    travels = (
        api_name.isprintable()
        and api_name == api_name.strip()
        and "\\" not in api_name
        and "%22" not in api_name  # or it would be mistaken for a quotation mark
        and 0 < len(_in_multipart(api_name).encode(errors="replace")) <= MAX_NAME_BYTES
    )
    if travels:
        return api_name
    return "~" + hashlib.sha256(api_name.encode(errors="replace")).hexdigest()[:24]


def control_name(api_name: str) -> str:
    """Return the name of the control that answers the field ``api_name``."""
    return CONTROL_PREFIX + control_key(api_name)


def find_name(api_name: str) -> str:
    """Return the name of the text box that searches the options of the field ``api_name``."""
    return FIND_PREFIX + control_key(api_name)


def read_controls(
    data: MultiValueDict[str, T] | Mapping[str, Any], definitions: Iterable[FieldDefinition]
) -> MultiValueDict[str, T]:
    """Return ``data`` (of POST, GET or FILES) under the names that ``control_name`` and ``find_name`` give.

    A control may have the name that a browser writes into a multipart body, or the full ``api_name``.
    """
    lists = dict(data.lists()) if isinstance(data, MultiValueDict) else _as_lists(data)
    names = {definition.api_name for definition in definitions}
    expected = {prefix + control_key(name) for name in names for prefix in (CONTROL_PREFIX, FIND_PREFIX)}
    for api_name in names:
        for prefix in (CONTROL_PREFIX, FIND_PREFIX):
            wanted = prefix + control_key(api_name)
            spellings = (prefix + api_name, _in_multipart(wanted))
            found = next((s for s in spellings if s in lists and s not in expected), None)
            if found is not None:
                lists.setdefault(wanted, lists.pop(found))
    return MultiValueDict(lists)


def _as_lists(data: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        name: list(value) if isinstance(value, (list, tuple)) else [value] for name, value in data.items()
    }


def _in_multipart(name: str) -> str:
    return name.replace('"', "%22")

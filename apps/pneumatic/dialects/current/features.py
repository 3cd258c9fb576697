"""Find out which release the server is, from what the key's user can read: the user's own data, and one probe.

Every release has ``GET /auth/context``, for every user, and most new features left a key in it. Releases 2.0 to 4.x
have the same keys; of these, only some have the path that starts a sign-in with Google. A request to it changes
nothing, and its status is the same for every user. So this takes one request on a newer release, two on an older one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from apps.pneumatic import server
from apps.pneumatic.canonical.features import (
    DateEncoding,
    Features,
    FileEncoding,
    OptionEncoding,
    PersonEncoding,
)
from apps.pneumatic.canonical.schemas import FieldDefinition
from apps.pneumatic.errors import NotFound, PermissionDenied, PneumaticError, ValidationFailed
from apps.pneumatic.transport.api import Transport

EncodingT = TypeVar("EncodingT", PersonEncoding, DateEncoding)

_PROBE, _FILES = "/auth/google/token", "/attachments"
_BY_EMAIL, _BY_ID = PersonEncoding.EMAIL, PersonEncoding.ID
_SECONDS, _US = DateEncoding.SECONDS, DateEncoding.US

V1 = Features("1.0", "1.1", OptionEncoding.API_NAME, (_BY_ID,), (_US, _SECONDS), FileEncoding.ID)
V2_TO_V4_2 = Features(
    "2.0", "4.2", OptionEncoding.API_NAME, (_BY_ID, _BY_EMAIL), (_SECONDS, _US), FileEncoding.ID
)
V4_3 = Features("4.3", "4", OptionEncoding.API_NAME, (_BY_EMAIL, _BY_ID), (_SECONDS,), FileEncoding.ID)
V2_TO_V4 = Features(
    "2.0", "4", OptionEncoding.API_NAME, (_BY_EMAIL, _BY_ID), (_SECONDS, _US), FileEncoding.ID
)
V5 = Features("5.0", "5", None, (_BY_EMAIL,), (_SECONDS,), FileEncoding.ID)
V6 = Features("6.0", "6", OptionEncoding.TEXT, (_BY_EMAIL,), (_SECONDS,), FileEncoding.ID)
V7 = Features("7.0", "", OptionEncoding.TEXT, (_BY_EMAIL,), (_SECONDS,), FileEncoding.LINK)


def find(transport: Transport, context: Mapping[str, Any]) -> Features | None:
    """Return the features of the server that answered ``GET /auth/context`` with ``context``; None if it lacks keys.

    Releases just before 7.0 may have the same keys. One more request distinguishes them: they lack the list of files.
    """
    if "date_fdw" not in context:  # every release has it
        return None
    if "manager_id" in context:
        return _with_files(transport)
    for key, features in (
        ("vacation", V6),
        ("has_workflow_viewer_access", V5),
        ("is_staff", V1),
    ):
        if key in context:
            return _found(features, f"GET /auth/context has {key}")
    return _with_probe(transport)


def encoding(features: Features, definition: FieldDefinition) -> str:
    """Return the encoding of an answer to ``definition``; '' where the features do not decide it."""
    decided = {
        "user": features.people[0].value,
        "date": features.dates[0].value,
        "file": features.files.value,
    }
    return decided.get(definition.type, "")


def otherwise(features: Features, definition: FieldDefinition, refused: Collection[str]) -> Features | None:
    """Return ``features`` with the next encoding for ``definition`` that was not ``refused``; None without one."""
    if definition.type == "user" and (people := _next(features.people, refused)):
        return dataclasses.replace(features, people=people)
    if definition.type == "date" and (dates := _next(features.dates, refused)):
        return dataclasses.replace(features, dates=dates)
    return None


def accepted(features: Features, refused: Collection[str]) -> Features:
    """Return ``features`` with the evidence of a launch that was accepted after other encodings were ``refused``."""
    notes = [f"a launch was accepted without {encoding}" for encoding in sorted(refused)]
    return _found(features, *dict.fromkeys([*features.evidence, *notes]))


def _next(order: tuple[EncodingT, ...], refused: Collection[str]) -> tuple[EncodingT, ...]:
    """Return ``order`` beginning with one that was not refused. The others stay, because servers are upgraded."""
    at = next((at for at, encoding in enumerate(order) if encoding not in refused), None)
    return () if at is None else order[at:] + order[:at]


def _with_files(transport: Transport) -> Features:
    is_missing = _is_missing(transport, _FILES, {"limit": 1})
    if is_missing:
        return _found(V6, f"GET {_FILES} is missing")
    exists = () if is_missing is None else (f"GET {_FILES} exists",)
    return _found(V7, "GET /auth/context has manager_id", *exists)


def _with_probe(transport: Transport) -> Features:
    is_missing = _is_missing(transport, _PROBE)
    if is_missing is None:
        return _found(V2_TO_V4, "GET /auth/context lacks has_workflow_viewer_access")
    return (
        _found(V2_TO_V4_2, f"GET {_PROBE} is missing") if is_missing else _found(V4_3, f"GET {_PROBE} exists")
    )


def _is_missing(
    transport: Transport, path: str, params: Mapping[str, str | int] | None = None
) -> bool | None:
    """Return whether the server lacks ``path``; None where this cannot be concluded, such as for HTTP 500."""
    try:
        transport.get(path, params, repeat=False)
    except NotFound:
        return True
    except (PermissionDenied, ValidationFailed):
        return False
    except PneumaticError:
        return None
    return False


def _found(features: Features, *evidence: str) -> Features:
    return dataclasses.replace(features, evidence=evidence, found_at=server.now())

"""What differs between the releases of the server with the current API: what it reads in a launch.

Detected without side effects (``dialects/current/features.py``) and remembered with its evidence (``server.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class OptionEncoding(StrEnum):
    """What names an option of a radio, dropdown or checkbox field."""

    TEXT = "text"
    API_NAME = "api_name"


class PersonEncoding(StrEnum):
    """What names a user."""

    EMAIL = "email"
    ID = "id"


class DateEncoding(StrEnum):
    """How a day is written."""

    SECONDS = "seconds"
    US = "us"  # MM/DD/YYYY


class FileEncoding(StrEnum):
    """What names an uploaded file."""

    LINK = "link"  # of the file service
    ID = "id"  # of an attachment


@dataclass(frozen=True, slots=True)
class Features:
    """What a server reads in a launch, and the releases that it looks like.

    ``since`` and ``until`` are releases as texts, such as "4.3"; ``until`` is '' for the newest. ``options`` is None
    where only each template shows it. ``people`` and ``dates`` are the encodings to try, in this order: a further one
    only after the server refused the one before, which starts nothing. ``evidence`` are facts, in English.
    """

    since: str
    until: str
    options: OptionEncoding | None
    people: tuple[PersonEncoding, ...]
    dates: tuple[DateEncoding, ...]
    files: FileEncoding
    evidence: tuple[str, ...] = ()
    found_at: dt.datetime | None = field(default=None, compare=False)


def features_to_json(features: Features) -> dict[str, Any]:
    """Return ``features`` as JSON; ``features_from_json`` returns the same object again."""
    return {
        "since": features.since,
        "until": features.until,
        "options": features.options,
        "people": list(features.people),
        "dates": list(features.dates),
        "files": features.files,
        "evidence": list(features.evidence),
        "found_at": features.found_at.isoformat() if features.found_at else None,
    }


def features_from_json(data: Mapping[str, Any]) -> Features | None:
    """Return the stored features; None for those of another version of this format."""
    try:
        return Features(
            since=data["since"],
            until=data["until"],
            options=OptionEncoding(data["options"]) if data["options"] else None,
            people=tuple(map(PersonEncoding, data["people"])),
            dates=tuple(map(DateEncoding, data["dates"])),
            files=FileEncoding(data["files"]),
            evidence=tuple(data["evidence"]),
            found_at=dt.datetime.fromisoformat(data["found_at"]) if data["found_at"] else None,
        )
    except (KeyError, TypeError, ValueError):
        return None

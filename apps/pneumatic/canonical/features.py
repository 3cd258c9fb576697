"""What differs between the releases of the server with the current API.

Detected without side effects (``dialects/current/features.py``) and remembered with its evidence (``server.py``). What
only follows from the release is a property: it has the same evidence and time.
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

    def is_from(self, release: str) -> bool | None:
        """Return whether the server has ``release`` or a later one; None where it may have either."""
        if _number(self.since) >= _number(release):
            return True
        return False if _last(self.until) < _number(release) else None

    @property
    def has_group_answers(self) -> bool:
        """Return whether a group can be an answer: where a user is named by e-mail, as launches may have shown."""
        return self.people[0] is PersonEncoding.EMAIL

    @property
    def has_numbers(self) -> bool | None:
        """Return whether forms can have fields of the type number."""
        return self.is_from("3.1")

    @property
    def has_data_sets(self) -> bool | None:
        """Return whether the options of a field can come from a data set."""
        return self.is_from("6.0")

    @property
    def has_fieldsets(self) -> bool | None:
        """Return whether forms can have groups of fields."""
        return self.is_from("7.1")

    @property
    def snoozes_by_seconds(self) -> bool | None:
        """Return whether a task is snoozed until a time in seconds; before, until a time as text."""
        return self.is_from("4.3")

    @property
    def reads_all_tasks(self) -> bool | None:
        """Return whether a workflow is read with all its tasks; before, completed ones have a name only."""
        return self.is_from("3.2")

    @property
    def sends_again(self) -> bool | None:
        """Return whether a delivery that was not accepted is sent again, within seconds and then never."""
        return True if self.is_from("2.0") is False else self.is_from("4.3")


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


def _number(release: str) -> tuple[float, ...]:
    return tuple(map(float, release.split(".")))


def _last(release: str) -> tuple[float, ...]:
    """Return the last release that ``release`` stands for: "4" is all of 4.x, '' is the newest."""
    if not release:
        return (float("inf"),)
    number = _number(release)
    return number if len(number) > 1 else (*number, float("inf"))

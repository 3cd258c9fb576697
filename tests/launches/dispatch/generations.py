"""A small server with one template that reads launches as a release does, and can be upgraded while it runs.

What each release reads is written down here from the recordings; nothing of ``apps`` computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.pneumatic.canonical.schemas import FieldDefinition, Selection, UserValue
from tests.pneumatic.dialects.current import samples
from tests.pneumatic.servers import Seen, Server, Talk

TEMPLATE = 1
# Each option's api_name is the text of the other one: the wrong name is stored as the wrong option.
OPTIONS = (Selection("b", "a"), Selection("a", "b"))
COLOUR = FieldDefinition("colour", "Colour", "radio", selections=OPTIONS)
WHO = FieldDefinition("who", "Who", "user", is_required=True)
DAY = FieldDefinition("day", "Day", "date")
PETRA = UserValue(2, "plain@example.test", "Petra Plain")


@dataclass(frozen=True)
class Generation:
    """What a release shows and reads."""

    context: dict[str, Any]
    has_google: bool = False
    has_files: bool = False
    has_data_sets: bool = False
    names_options_by_text: bool = False
    takes_ids: bool = False
    takes_us_dates: bool = False
    has_option_ids: bool = False


_COMMON: dict[str, Any] = {"date_fdw": 0}
_V5 = {**_COMMON, "has_workflow_viewer_access": False}
_V6 = {**_V5, "vacation": None}
GENERATIONS = {
    "1.0": Generation(
        {**_COMMON, "is_staff": True}, takes_ids=True, takes_us_dates=True, has_option_ids=True
    ),
    "2.0": Generation(_COMMON, takes_ids=True, has_option_ids=True),
    "4.0": Generation(_COMMON, takes_ids=True),
    "4.3": Generation(_COMMON, has_google=True),
    "5.0": Generation(_V5),
    "6.0": Generation(_V6, has_data_sets=True, names_options_by_text=True),
    "7.0": Generation(
        {**_V6, "manager_id": None}, has_files=True, has_data_sets=True, names_options_by_text=True
    ),
}
# Releases that were not recorded could have come with these: what is detected of them is not what they read.
IN_BETWEEN = {
    "1.1 without is_staff": Generation(_COMMON, takes_ids=True, takes_us_dates=True, has_option_ids=True),
    "2.1 with is_staff": Generation({**_COMMON, "is_staff": True}, takes_ids=True, has_option_ids=True),
    "3.1": Generation(_COMMON, takes_ids=True, has_option_ids=True),
    "4.2 with Google": Generation(_COMMON, has_google=True, takes_ids=True),
    "4.3 without Google": Generation(_COMMON),
    "5.1 with data sets": Generation(_V5, has_data_sets=True),
    "5.2 with vacation": Generation(_V6, has_data_sets=True),
    "6.0 without vacation": Generation(_V5, has_data_sets=True, names_options_by_text=True),
    "6.2 with manager_id": Generation(
        {**_V6, "manager_id": None}, has_data_sets=True, names_options_by_text=True
    ),
}


class GrowingServer:
    """Plays ``release``; ``stored`` are the answers of each workflow, ``launches`` all received kickoffs."""

    def __init__(self, release: str) -> None:
        self.release = release
        self.is_readable = True  # whether the template can be read
        self.options: tuple[Selection, ...] = OPTIONS
        self.inactive_user = False
        self.launches: list[dict[str, Any]] = []
        self.stored: list[dict[str, Any]] = []
        self.server = Server(self._behave)

    def paths(self, method: str = "GET") -> list[str]:
        """Return the paths of the requests so far."""
        return [seen.target.partition("?")[0] for seen in self.server.seen if seen.method == method]

    @property
    def _generation(self) -> Generation:
        return {**GENERATIONS, **IN_BETWEEN}[self.release]

    def _behave(self, seen: Seen, talk: Talk) -> None:
        path, now = seen.target.partition("?")[0], self._generation
        if seen.method == "POST":
            self._run(seen.json, talk)
        elif path == "/auth/context":
            talk.answer(200, samples.context(**now.context))
        elif path in {f"/templates/{TEMPLATE}", "/templates"}:
            if self.is_readable:
                talk.answer(200, self.detail() if path != "/templates" else [self.row()])
            else:
                talk.answer(500, {})
        elif path == "/auth/google/token" and now.has_google:
            talk.answer(403, {"detail": "No."})
        elif path == "/attachments" and now.has_files:
            talk.answer(200, {"count": 0, "results": []})
        else:
            talk.answer(404, b"<h1>Not Found</h1>", kind="text/html")

    def detail(self) -> dict[str, Any]:
        return samples.detail(TEMPLATE, kickoff={"fields": self._fields(), "fieldsets": []})

    def row(self) -> dict[str, Any]:
        """Return the template as the list has it."""
        fields = self._fields()
        if self._generation.names_options_by_text:
            for field in fields:
                if "selections" in field:
                    field["selections"] = [option["value"] for option in field["selections"]]
        return samples.summary(TEMPLATE, kickoff={"fields": fields, "fieldsets": []})

    def _fields(self) -> list[dict[str, Any]]:
        rows = []
        for at, field in enumerate((COLOUR, WHO, DAY)):
            row: dict[str, Any] = {
                "name": field.name,
                "type": field.type,
                "api_name": field.api_name,
                "is_required": field.is_required,
                "order": 3 - at,
                "description": "",
            }
            if field.selections:
                row["selections"] = [self._option(number) for number in range(len(self.options))]
                if self._generation.has_data_sets:
                    row["dataset"] = None
            rows.append(row)
        return rows

    def _option(self, number: int) -> dict[str, Any]:
        option = self.options[number]
        with_id = {"id": 40 + number} if self._generation.has_option_ids else {}
        return {**with_id, "value": option.label, "api_name": option.key}

    def _run(self, body: Any, talk: Talk) -> None:
        kickoff = body["kickoff"]
        self.launches.append(kickoff)
        readers = {"colour": self._read_colour, "who": self._read_who, "day": self._read_day}
        stored: dict[str, Any] = {}
        for api_name, value in kickoff.items():
            stored[api_name] = readers[api_name](value)
            if stored[api_name] is None:
                reason = f"{api_name} is wrong"
                details = {"api_name": api_name, "reason": reason}
                talk.answer(400, {"code": "validation_error", "message": reason, "details": details})
                return
        self.stored.append(stored)
        output = [{"api_name": api_name} for api_name in kickoff]
        talk.answer(200, {"id": len(self.stored), "name": body["name"], "kickoff": {"output": output}})

    def _read_colour(self, value: Any) -> str | None:
        for number, option in enumerate(self.options):
            name = option.label if self._generation.names_options_by_text else option.key
            if value in {name, str(40 + number) if self._generation.has_option_ids else name}:
                return option.label
        return None

    def _read_who(self, value: Any) -> int | None:
        name = PETRA.id if self._generation.takes_ids else PETRA.email
        return None if self.inactive_user or value != name else PETRA.id

    def _read_day(self, value: Any) -> str | None:
        if self._generation.takes_us_dates:
            return "2027-03-28" if value == "03/28/2027" else None
        return "2027-03-28" if value == 1806192000 else None  # in UTC

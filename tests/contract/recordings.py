"""What the open-source server was recorded to answer, and a small server that answers it again.

``exchanges/`` holds one exchange in each file, ``releases/`` a folder of them for each older release; see the READMEs
there. The tests' expectations come from the description of that server: nothing of ``apps.pneumatic`` computes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from apps.pneumatic.client import Client
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic.servers import Behaviour, Seen, Talk

FOLDER = Path(__file__).parent / "exchanges"
RELEASES = Path(__file__).parent / "releases"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; ``path`` with its query, ``body`` and ``answer`` as JSON or text."""

    name: str
    method: str
    server: str
    path: str
    body: Any
    status: int
    headers: Mapping[str, str]
    answer: Any

    @property
    def place(self) -> str:
        """Return the method and the path without its query."""
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def number(self) -> int:
        """Return the id in the path."""
        return int("".join(char for char in self.path.partition("?")[0] if char.isdigit()))


@cache
def exchange(name: str, folder: Path = FOLDER) -> Exchange:
    data = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    request, response = data["request"], data["response"]
    assert data["name"] == name
    return Exchange(
        name=name,
        method=request["method"],
        server=request["server"],
        path=request["path"],
        body=request["body"],
        status=response["status"],
        headers=response["headers"],
        answer=response["body"],
    )


def names() -> list[str]:
    """Return the names of all recordings."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def named(test: Callable[[Exchange], bool]) -> list[str]:
    """Return the names of the recordings for which ``test`` holds."""
    return [name for name in names() if test(exchange(name))]


def answering(*recorded: str) -> Behaviour:
    """Answer each recorded path with what was recorded, and any other with 404 and a page.

    The first recording of a path is the one that counts.
    """
    return replaying(*map(exchange, recorded))


def replaying(*recorded: Exchange) -> Behaviour:
    """Do what ``answering`` does, with recordings of any folder."""
    answers: dict[str, Exchange] = {}
    for found in recorded:
        answers.setdefault(found.place, found)

    def behave(seen: Seen, talk: Talk) -> None:
        found = answers.get(f"{seen.method} {seen.target.partition('?')[0]}")
        if found is None:
            talk.answer(404, b"<h1>Not Found</h1>", kind="text/html")
        else:
            give(found, talk)

    return behave


def give(found: Exchange, talk: Talk) -> None:
    """Answer as recorded."""
    is_json = found.headers.get("content-type", "").startswith("application/json")
    body = json.dumps(found.answer, ensure_ascii=False) if is_json else found.answer
    headers = {"Set_Cookie": "file_service_auth=test-key-that-must-never-leak; HttpOnly; Path=/"}
    if "retry-after" in found.headers:
        headers["Retry_After"] = found.headers["retry-after"]
    talk.answer(found.status, body.encode(), kind=found.headers.get("content-type", "text/html"), **headers)


def rows_of(found: Exchange) -> list[Any]:
    """Return the rows of a recorded list, in either shape."""
    rows: list[Any] = found.answer["results"] if isinstance(found.answer, dict) else found.answer
    return rows


def is_list_of(path: str) -> Callable[[Exchange], bool]:
    """Return whether a recording is one of the list at ``path``."""
    return lambda found: found.place == f"GET {path}"


def page(client: Client, found: Exchange) -> list[Node]:
    """Return the rows of the recorded answer as they come through the client."""
    answer = Node(client._transport.get(found.path.partition("?")[0]))
    rows = answer if isinstance(answer.value, list) else answer.child("results")
    return list(rows.members())

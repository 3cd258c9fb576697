"""Remember the requests that came, without keys, for tests and for people who wonder what was sent."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .wire import Request

MAX_ENTRIES = 20_000
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(slots=True)
class Entry:
    """One request; ``status`` is None as long as it is being answered, and when it was dropped."""

    server: str
    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes = b""
    status: int | None = None
    fault: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the entry for people: query and body decoded, keys left out, signatures hidden."""
        query = parse_qsl(self.query_string, keep_blank_values=True)
        return {
            "server": self.server,
            "method": self.method,
            "path": self.path,
            "query": {key: "(hidden)" if key == "signature" else value for key, value in query},
            "headers": {name: value for name, value in self.headers.items() if name not in SECRET_HEADERS},
            "brought_authorization": "authorization" in self.headers,
            "json": _json_or_none(self.body),
            "status": self.status,
            "fault": self.fault,
        }


class RequestLog:
    """The last requests to the documented paths and to the upload store, oldest first."""

    KEPT_BODY = 256 * 1024

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._lock = threading.Lock()

    def add(self, server: str, request: Request) -> Entry:
        """Remember a request and return its entry, to be completed when it is answered."""
        entry = Entry(server, request.method, request.path, request.query_string, request.headers)
        with self._lock:
            self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return all entries for people."""
        with self._lock:
            entries = list(self._entries)
        return [entry.as_json() for entry in entries]


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None

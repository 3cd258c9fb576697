"""Misbehaviour on request: what to do wrong, for which requests, how many times."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .checks import FLAG, TEXT, Check, one_of, problems, seconds, whole
from .errors import Problem
from .wire import Answer, Dropped, Request, json_answer

KINDS = (
    "status",
    "rate_limit",
    "delay",
    "drop_before",
    "drop_after",
    "truncate",
    "wrong_json",
    "broken_json",
    "html_200",
    "page_shift",
)
_REPLACING = {"status", "rate_limit", "wrong_json", "broken_json", "html_200"}
_HTML = b"<!doctype html><title>Sign in</title><h1>Sign in to the proxy</h1>\n"


@dataclass(slots=True)
class Fault:
    """A rule: the first one that matches a request and is not used up is applied to it.

    ``process`` lets replaced answers (status, HTML, ...) stand for requests that *were* carried out.
    """

    kind: str
    path_prefix: str = "/"
    path: str = ""
    method: str = ""
    server: str = "api"
    times: int = 1
    skip: int = 0
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = 1
    seconds: float = 1.0
    process: bool = False
    action: str = "insert"
    used: int = 0

    def matches(self, server: str, request: Request) -> bool:
        """Return whether the rule is meant for this request."""
        return (
            self.server == server
            and (not self.method or self.method.upper() == request.method)
            and (self.path == request.path if self.path else request.path.startswith(self.path_prefix))
        )


class Faults:
    """The active rules; ``shift_page`` inserts or deletes a row of the listing that a request reads."""

    def __init__(self, *, shift_page: Callable[[str, str], None]) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._shift_page = shift_page
        self._was_reset = threading.Event()

    def add(self, fault: Fault) -> None:
        """Add a rule behind the present ones."""
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def reset(self) -> None:
        """Forget all rules, and drop the requests that are being delayed: they belong to what was before."""
        self.clear()
        self._was_reset.set()
        self._was_reset = threading.Event()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rules; ``used`` counts the requests that matched, the skipped ones too."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def apply(self, server: str, request: Request, answer: Callable[[Request], Answer]) -> tuple[Answer, str]:
        """Return the answer to a request, spoilt if a rule says so, and the kind of fault ('' for none).

        Raise Dropped when the connection must be closed without an answer.
        """
        was_reset = self._was_reset
        fault = self._take(server, request) if self._rules else None
        if fault is None:
            return answer(request), ""
        if fault.kind == "drop_before":
            raise Dropped(fault.kind)
        if fault.kind == "delay" and was_reset.wait(fault.seconds):
            raise Dropped(fault.kind)
        real = None
        if fault.process or fault.kind not in _REPLACING:
            real = answer(request)
        if fault.kind == "drop_after":
            raise Dropped(fault.kind)
        if fault.kind == "page_shift":
            self._shift_page(request.path, fault.action)
        if fault.kind == "truncate" and real is not None:
            real.sent_share = 0.5
        if fault.kind in _REPLACING or real is None:
            real = _replacement(fault)
        return real, fault.kind

    def _take(self, server: str, request: Request) -> Fault | None:
        with self._lock:
            for rule in self._rules:
                if not rule.matches(server, request) or (rule.times and rule.used >= rule.skip + rule.times):
                    continue
                rule.used += 1
                if rule.used > rule.skip:
                    return rule
        return None


def parse(data: Any) -> Fault | list[Problem]:
    """Return the rule that a control request describes, or what is wrong with it."""
    return problems(data, _OPTIONS, required=("kind",)) or Fault(**data)


def _is_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(text, str) and text.isprintable() and re.fullmatch(r"[A-Za-z0-9-]+", name)
        for name, text in value.items()
    )


_OPTIONS: dict[str, Check] = {
    "kind": one_of(*KINDS),
    "path_prefix": TEXT,
    "path": TEXT,
    "method": TEXT,
    "server": one_of("api", "files"),
    "times": whole(0, 1_000_000),
    "skip": whole(0, 1_000_000),
    "status": whole(200, 599),
    "body": TEXT,
    "headers": (_is_headers, "an object of header names and printable texts"),
    "retry_after": seconds(optional=True),
    "seconds": seconds(),
    "process": FLAG,
    "action": one_of("insert", "insert_first", "delete"),
}


def _replacement(fault: Fault) -> Answer:
    if fault.kind == "html_200":
        return Answer(200, fault.body.encode(errors="replace") or _HTML, "text/html; charset=utf-8")
    if fault.kind == "broken_json":
        return Answer(200, fault.body.encode(errors="replace") or b'{"results": [{"id": 1,')
    if fault.kind == "wrong_json":
        return Answer(200, fault.body.encode(errors="replace") or b'{"unexpected": ["shape"]}')
    status = 429 if fault.kind == "rate_limit" else fault.status
    headers = dict(fault.headers)
    if fault.kind == "rate_limit" and fault.retry_after is not None:
        headers["Retry-After"] = f"{fault.retry_after:g}"
    if fault.body:
        return Answer(status, fault.body.encode(errors="replace"), headers=headers)
    if status >= 500:
        return Answer(status, b"<h1>Server Error</h1>\n", "text/html; charset=utf-8", headers)
    text = "Request was throttled." if status == 429 else f"The sandbox was asked to answer {status}."
    answer = json_answer({"detail": text}, status)
    answer.headers.update(headers)
    return answer

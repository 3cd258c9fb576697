"""Pending deliveries: one queue per target, in order, by real HTTP, tried again as the real server does."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from .posting import post
from .settings import Settings

TRIES = 3
AT_ONCE = 16  # connections of a burst
MAX_WAITING = 20_000  # deliveries to one target; what comes on top is dropped
MAX_TARGETS = 200
KEPT_BODY = 256 * 1024
MAX_ENTRIES = 20_000
_numbers = itertools.count(1)


@dataclass(slots=True, eq=False)
class Delivery:
    """One payload for one target.

    ``state`` is waiting, held, lost or dropped (never sent), delivered (2xx), refused (any other answer below 500), or
    failed (after ``tries``); ``seconds`` is how long the body takes to be sent. ``is_modern`` sends it as the
    current server does: an event goes to all its rows together. ``then`` are those behind this one; when one
    fails, all are sent again.
    """

    event: str
    target: str
    body: bytes
    subscription_id: int | None = None
    workflow_id: int | None = None
    seconds: float = 0
    fault: str = ""
    state: str = "waiting"
    status: int | None = None
    attempts: int = 0
    error: str = ""
    size: int = 0
    is_modern: bool = False
    tries: int = TRIES
    then: list[Delivery] = field(default_factory=list)
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def is_over(self) -> bool:
        """Return whether the target gave an answer that is final."""
        return self.status is not None and self.status < 500

    def copy(self) -> Delivery:
        """Return another delivery of the same."""
        return replace(self, number=next(_numbers))

    def as_json(self) -> dict[str, Any]:
        """Return the delivery for people and tests; ``body`` is text."""
        return {
            "number": self.number,
            "event": self.event,
            "subscription_id": self.subscription_id,
            "workflow_id": self.workflow_id,
            "target": self.target,
            "state": self.state,
            "status": self.status,
            "attempts": self.attempts,
            "error": self.error,
            "fault": self.fault,
            "size": self.size or len(self.body),
            "body": self.body[:KEPT_BODY].decode(errors="replace"),
        }


Group = list[Delivery]


class Outbox:
    """Sends groups of deliveries: one after the other for each target, those of a group at once."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._changed = threading.Condition()
        self._lines: dict[str, deque[Group]] = {}
        self._log: dict[int, Delivery] = {}
        self._over = threading.Event()

    def note(self, delivery: Delivery) -> None:
        """Remember a delivery in the log, whatever becomes of it."""
        with self._changed:
            self._log[delivery.number] = delivery
            if len(self._log) > MAX_ENTRIES:
                del self._log[next(iter(self._log))]

    def put(self, groups: Iterable[Group]) -> None:
        """Queue groups; a group whose targets differ is cut by target."""
        for group in groups:
            for delivery in group:
                self.note(delivery)
            for target in dict.fromkeys(delivery.target for delivery in group):
                self._put(target, [delivery for delivery in group if delivery.target == target])

    def wait(self, seconds: float) -> bool:
        """Return whether everything that was queued is over, after at most ``seconds``."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._lines, timeout=seconds)

    def reset(self) -> None:
        """Forget everything that waits and the log; what is being sent now may still arrive."""
        with self._changed:
            self._over.set()
            self._over = threading.Event()
            self._lines = {}
            self._log.clear()
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget the log."""
        with self._changed:
            self._log.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the log, oldest first."""
        with self._changed:
            entries = list(self._log.values())
        return [entry.as_json() for entry in entries]

    def _put(self, target: str, group: Group) -> None:
        with self._changed:
            line = self._lines.get(target)
            if (line is None and len(self._lines) >= MAX_TARGETS) or (line and len(line) >= MAX_WAITING):
                for delivery in group:
                    delivery.state, delivery.error = "dropped", "too much is waiting"
                return
            if line is None:
                line = self._lines[target] = deque()
                threading.Thread(target=self._send_line, args=(target, line, self._over), daemon=True).start()
            line.append(group)

    def _send_line(self, target: str, line: deque[Group], over: threading.Event) -> None:
        """Send what is in a queue until it is empty."""
        while True:
            with self._changed:
                if over.is_set() or not line:
                    if self._lines.get(target) is line:
                        del self._lines[target]
                    self._changed.notify_all()
                    return
                group = line.popleft()
            if len(group) == 1:
                self._send(group[0], over)
            else:
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    list(pool.map(lambda delivery: self._send(delivery, over), group))

    def _send(self, delivery: Delivery, over: threading.Event) -> None:
        chain = [delivery, *delivery.then]
        for item in chain:
            item.size = len(item.body)
        self._try(chain, over)
        for item in chain:
            is_good = item.status is not None and 200 <= item.status < 300
            item.state = "delivered" if is_good else "refused" if item.is_over else "failed"
            item.body = item.body[:KEPT_BODY]  # for the log only, from now on

    def _try(self, chain: Group, over: threading.Event) -> None:
        """Send each of a chain, from the first one again when one fails."""
        settings = self._settings()
        for attempt in range(chain[0].tries):
            if attempt and over.wait(settings.retry_pause * attempt):
                return
            for item in chain:
                item.attempts += 1
                item.status, item.error = post(
                    item.target,
                    item.body,
                    timeout=settings.delivery_timeout,
                    seconds=item.seconds,
                    over=over,
                    is_modern=item.is_modern,
                )
                if not item.is_over:
                    break
            else:
                return

"""Misbehaviour of deliveries on request: what to do wrong with which of them."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from .checks import TEXT, Check, one_of, problems, seconds, whole
from .errors import Problem
from .outbox import Delivery
from .state import encode

DELIVERY_KINDS = (
    "duplicate",
    "lose",
    "reorder",
    "burst",
    "slow_send",
    "huge_body",
    "broken_body",
    "wrong_shape",
    "unknown_event",
    "new_keys",
)
HOLDING = {"reorder", "burst"}
MAX_BYTES = 64 * 1024 * 1024
_BODIES = {"huge_body", "unknown_event", "new_keys"}
_WRONG_SHAPE = b'{"workflow": ["unexpected"], "hook": 7}'


@dataclass(slots=True)
class DeliveryFault:
    """A rule: the first one that matches a delivery and is not used up is applied to it.

    ``times`` counts deliveries; ``reorder`` and ``burst`` hold them back until there are ``window`` of them.
    """

    kind: str
    event: str = ""
    target_prefix: str = ""
    times: int = 1
    skip: int = 0
    copies: int = 2
    window: int = 10
    seconds: float = 1.0
    bytes: int = 1024 * 1024
    name: str = "workflow_renamed"
    body: str = ""
    used: int = 0
    held: list[Delivery] = field(default_factory=list)

    def matches(self, delivery: Delivery) -> bool:
        """Return whether the rule is meant for this delivery."""
        return self.event in {"", delivery.event} and delivery.target.startswith(self.target_prefix)

    def as_json(self) -> dict[str, Any]:
        """Return the rule for people; ``held`` is the number of deliveries that wait."""
        return {**asdict(_without_held(self)), "held": len(self.held)}


class DeliveryFaults:
    """The active rules; ``dice`` decide how held deliveries are shuffled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[DeliveryFault] = []
        self._dice = Random(0)  # noqa: S311 - a play, the same every time

    def add(self, rule: DeliveryFault) -> None:
        """Add a rule behind the present ones."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> list[list[Delivery]]:
        """Forget all rules; return what they held, to be sent."""
        with self._lock:
            held = self._let_go()
            self._rules.clear()
            self._dice = Random(0)  # noqa: S311 - see above
        return held

    def as_json(self) -> list[dict[str, Any]]:
        """Return the rules; ``used`` counts the deliveries that matched, the skipped ones too."""
        with self._lock:
            return [rule.as_json() for rule in self._rules]

    def apply(self, delivery: Delivery) -> list[list[Delivery]]:
        """Return what is to be sent now: groups one after the other, the deliveries of a group at once."""
        with self._lock:
            rule = self._take(delivery)
            if rule is None:
                return [[delivery]]
            delivery.fault = rule.kind
            if rule.kind in HOLDING:
                delivery.state = "held"
                rule.held.append(delivery)
                return self._let_go(rule) if len(rule.held) >= rule.window else []
            return _spoilt(delivery, rule)

    def release(self) -> list[list[Delivery]]:
        """Return what is held back, however little it is, to be sent now."""
        with self._lock:
            return self._let_go()

    def _let_go(self, only: DeliveryFault | None = None) -> list[list[Delivery]]:
        groups: list[list[Delivery]] = []
        for rule in self._rules if only is None else [only]:
            held, rule.held = rule.held, []
            for delivery in held:
                delivery.state = "waiting"
            if rule.kind == "burst" and held:
                groups.append(held)
            elif held:
                groups += [[delivery] for delivery in self._shuffled(held)]
        return groups

    def _shuffled(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Return another order, never the same one."""
        order = self._dice.sample(deliveries, len(deliveries))
        same = all(mine is given for mine, given in zip(order, deliveries, strict=True))
        return [*order[1:], order[0]] if same else order

    def _take(self, delivery: Delivery) -> DeliveryFault | None:
        for rule in self._rules:
            if not rule.matches(delivery) or (rule.times and rule.used >= rule.skip + rule.times):
                continue
            rule.used += 1
            if rule.used > rule.skip:
                return rule
        return None


def parse(data: Any) -> DeliveryFault | list[Problem]:
    """Return the rule that a control request describes, or what is wrong with it."""
    return problems(data, _OPTIONS, required=("kind",)) or DeliveryFault(
        # A requested window is meant to be filled.
        **({"times": data.get("window", 10)} | data if data["kind"] in HOLDING else data)
    )


_OPTIONS: dict[str, Check] = {
    "kind": one_of(*DELIVERY_KINDS),
    "event": TEXT,
    "target_prefix": TEXT,
    "times": whole(0, 1_000_000),
    "skip": whole(0, 1_000_000),
    "copies": whole(1, 1000),
    "window": whole(1, 10_000),
    "seconds": seconds(),
    "bytes": whole(0, MAX_BYTES),
    "name": TEXT,
    "body": TEXT,
}


def _spoilt(delivery: Delivery, rule: DeliveryFault) -> list[list[Delivery]]:
    """Return the groups that stand for one delivery under a rule that holds nothing back."""
    if rule.kind == "lose":
        delivery.state = "lost"
        return []
    if rule.kind == "duplicate":
        return [[delivery], *([delivery.copy()] for _ in range(rule.copies - 1))]
    if rule.kind == "slow_send":
        delivery.seconds = rule.seconds
    elif rule.kind == "broken_body":
        delivery.body = rule.body.encode(errors="replace") or delivery.body[: len(delivery.body) // 2]
    elif rule.kind == "wrong_shape":
        delivery.body = rule.body.encode(errors="replace") or _WRONG_SHAPE
    elif rule.kind in _BODIES:
        _rewrite(delivery, rule)
    return [[delivery]]


def _rewrite(delivery: Delivery, rule: DeliveryFault) -> None:
    payload = json.loads(delivery.body)
    if rule.kind == "unknown_event":
        payload.setdefault("hook", {})["event"] = delivery.event = rule.name
    elif rule.kind == "new_keys":
        payload["delivery"] = {"attempt": 1, "of": None}
        for part in [payload.get("hook"), payload.get("task"), payload.get("workflow")]:
            if isinstance(part, dict):
                part["is_new"] = {"since": ["tomorrow"]}
    else:
        # A long name of a workflow or task: what a real server could send as well.
        payload["padding"] = "x" * max(0, rule.bytes - len(encode(payload | {"padding": ""})))
    delivery.body = encode(payload)


def _without_held(rule: DeliveryFault) -> DeliveryFault:
    values = {name: getattr(rule, name) for name in DeliveryFault.__slots__ if name != "held"}
    return DeliveryFault(**values)

"""Notify subscribers: turn what happened into deliveries, with the active faults applied."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import payloads
from .current.workflows import payloads as current_payloads
from .delivery_faults import DeliveryFault, DeliveryFaults
from .outbox import TRIES, Delivery, Outbox
from .shapes import Record
from .state import CURRENT, State, encode


class Announcer:
    """Makes the payloads of what happens and sends them; ``link(id)`` returns a file as ``attachments`` list it."""

    def __init__(self, *, state: State, link: Callable[[int], Record]) -> None:
        self._state = state
        self._link = link
        self._faults = DeliveryFaults()
        self.outbox = Outbox(lambda: state.settings)

    def notify(self, happening: str, workflow: Record, task: Record | None) -> None:
        """Queue a delivery for each user who subscribed to what happened; to be called with the state locked.

        The payloads are made at once: they show the state of now, even when they arrive late.
        """
        is_modern = self._state.dialect == CURRENT
        release = self._state.release
        names: tuple[str, ...] = payloads.EVENTS_OF[happening]
        if is_modern:
            names = (current_payloads.event_of(happening, release),)
        wanted = [item for item in self._state.subscriptions.values() if item["event"] in names]
        if not wanted:
            return
        if is_modern:
            content = current_payloads.content(workflow, task, state=self._state)
        else:
            content = payloads.content(happening, workflow, task, users=self._state.users, link=self._link)
        deliveries = [
            Delivery(
                event=subscription["event"],
                target=subscription["target"],
                body=_encode({"hook": payloads.hook(subscription), **content}, is_modern=is_modern),
                subscription_id=subscription["id"],
                workflow_id=workflow["id"],
                is_modern=is_modern,
                tries=release.delivery_attempts if is_modern else TRIES,
            )
            for subscription in wanted
        ]
        if is_modern:
            self._send_together(deliveries)
        else:
            for delivery in deliveries:
                self._send(delivery)

    def deliver(self, *, target: str, body: bytes, event: str) -> None:
        """Queue a delivery of any body."""
        self._send(Delivery(event=event, target=target, body=body))

    def release(self) -> None:
        """Send what faults hold back."""
        self.outbox.put(self._faults.release())

    def wait(self, seconds: float) -> bool:
        """Send what is held back, and return whether everything is over after at most ``seconds``."""
        self.release()
        return self.outbox.wait(seconds)

    def add_fault(self, rule: DeliveryFault) -> None:
        """Misbehave from now on."""
        self._faults.add(rule)

    def clear_faults(self) -> None:
        """Behave again; what was held back is sent."""
        self.outbox.put(self._faults.clear())

    def faults_as_json(self) -> list[dict[str, Any]]:
        """Return the active rules."""
        return self._faults.as_json()

    def reset(self) -> None:
        """Forget what waits, what was sent, and the faults."""
        self._faults.clear()
        self.outbox.reset()

    def _send(self, delivery: Delivery) -> None:
        self.outbox.note(delivery)
        self.outbox.put(self._faults.apply(delivery))

    def _send_together(self, deliveries: list[Delivery]) -> None:
        """Send together what the current server sends together; what a fault changes is sent separately."""
        chain: list[Delivery] = []
        for delivery in deliveries:
            self.outbox.note(delivery)
            groups = self._faults.apply(delivery)
            if groups == [[delivery]]:
                chain.append(delivery)
            else:
                self.outbox.put(groups)
        if chain:
            first, *first.then = chain
            self.outbox.put([[first]])


def _encode(payload: Record, *, is_modern: bool) -> bytes:
    """Return a body; the current server writes ASCII only."""
    return json.dumps(payload).encode() if is_modern else encode(payload)

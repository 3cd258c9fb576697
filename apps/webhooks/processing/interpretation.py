"""Interpret a stored delivery: which event it reports, or why none. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass

from apps.pneumatic.canonical.events import Event as Facts
from apps.pneumatic.canonical.events import event_to_json
from apps.pneumatic.deliveries import Payload, read_payload
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Event
from apps.webhooks.verdicts import judge

Verdict = Delivery.Verdict
State = Delivery.State


@dataclass(frozen=True, slots=True)
class Interpretation:
    """A delivery and the event that it reports, or None and the status that it gets."""

    delivery: Delivery
    content_hash: str = ""
    parsed: Facts | None = None
    state: Delivery.State = State.PROCESSED
    reason: str = ""

    @property
    def workflow_id(self) -> int:
        """The id of the event's workflow; 0 without an event."""
        return self.parsed.workflow.id if self.parsed else 0

    def event(self) -> Event:
        """Return the event as an unsaved row; raise ValueError without an event."""
        parsed = self.parsed
        if parsed is None:
            raise ValueError("This delivery reports no event.")
        event = Event(
            content_hash=self.content_hash,
            kind=parsed.kind.value,
            workflow_id=parsed.workflow.id,
            template_id=parsed.workflow.template_id,
            task_id=parsed.task.id if parsed.task else None,
            occurred_at=parsed.occurred_at,
            facts=event_to_json(parsed),
            first_received_at=self.delivery.received_at,
            last_received_at=self.delivery.received_at,
        )
        event.parsed = parsed
        return event


def interpret(delivery: Delivery) -> Interpretation:
    """Interpret ``delivery``; raise UnexpectedResponse for a body that the receiver accepted and that is unreadable."""
    if delivery.verdict == Verdict.TEST:
        return Interpretation(delivery, state=State.IGNORED)
    if delivery.verdict == Verdict.MALFORMED:
        return _judge_again(delivery)
    if delivery.verdict == Verdict.MISMATCH and not delivery.is_forced:
        return Interpretation(delivery, state=State.DEAD_LETTER, reason=delivery.reason)
    return _reading(delivery, read_payload(bytes(delivery.body)))


def _judge_again(delivery: Delivery) -> Interpretation:
    """Judge a malformed delivery again: a newer version of the dashboard may be able to read it."""
    body = bytes(delivery.body)
    endpoint = delivery.endpoint
    judgement = judge(
        body, endpoint, endpoints.placeholder(endpoint)
    )  # which is stored in place of its token
    if judgement.verdict in {Verdict.MALFORMED, Verdict.TEST}:
        return Interpretation(delivery, state=State.IGNORED, reason=judgement.reason)
    if judgement.verdict == Verdict.MISMATCH and not delivery.is_forced:
        return Interpretation(delivery, state=State.DEAD_LETTER, reason=judgement.reason)
    return _reading(delivery, read_payload(body))


def _reading(delivery: Delivery, payload: Payload) -> Interpretation:
    delivery.body = b""  # frees memory: many deliveries are read at a time
    if payload.event is None:
        return Interpretation(delivery, state=State.IGNORED)
    return Interpretation(delivery, payload.content_hash, payload.event)

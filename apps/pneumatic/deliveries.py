"""Read the body of a webhook delivery, whichever generation of Pneumatic sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Event, Hook, Kind
from apps.pneumatic.canonical.serialization import quick_hash
from apps.pneumatic.detection import active_dialect
from apps.pneumatic.dialects.current import events as current_events
from apps.pneumatic.dialects.documented import events as documented_events
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.dialects.registry import choose
from apps.pneumatic.errors import UnexpectedResponse
from apps.pneumatic.transport.parsing import Node, decode_json

# Whatever the settings say: a name may come from any generation, and the names of two of them do not collide.
_KINDS: Mapping[str, Kind] = {
    **{name: kind for kind, name in documented_events.EVENT_NAMES.items()},
    **documented_events.DEPRECATED_EVENTS,
    **{name: kind for kind, name in current_events.EVENT_NAMES.items()},
}


@dataclass(frozen=True, slots=True)
class Payload:
    """What a body says; ``event`` is None for an event that we do not know."""

    hook: Hook
    event: Event | None
    raw: Mapping[str, Any]

    @property
    def content_hash(self) -> str:
        """Return the hash of everything but ``hook``; the receiver, which is in a hurry, does not ask for it.

        The same event sent for two subscriptions, or under a name of the past, has the same one.
        """
        content = {key: value for key, value in self.raw.items() if key != "hook"}
        return quick_hash([kind_of(self.hook.event) or self.hook.event, content])


def kind_of(event_name: str) -> Kind | None:
    """Return what an event's name on the wire stands for; None for one that we do not know."""
    return _KINDS.get(event_name)


def names_of(kind: Kind) -> list[str]:
    """Return every name that an event has on the wire, those of the past too."""
    return [name for name, named in _KINDS.items() if named is kind]


def test_payload(kind: Kind, *, hook_id: int, target: str, nonce: str) -> dict[str, Any]:
    """Return the body of a test event: in the shape that Pneumatic sends, of no workflow, marked with ``nonce``."""
    dialect = choose(active_dialect() or Documented.name)
    hook = {"id": hook_id, "event": dialect.event_names[kind], "target": target, "test": nonce}
    return {"hook": hook, **dialect.example_event(kind)}


def read_payload(body: bytes) -> Payload:
    """Return what ``body`` says; raise UnexpectedResponse when it is no JSON or not as documented."""
    try:
        value = decode_json(body)
    except ValueError:
        not_json = UnexpectedResponse(_("The body is not JSON."))
    else:
        return _payload(Node(value))
    raise not_json


def _payload(node: Node) -> Payload:
    hook_node = node.child("hook")
    hook = Hook(
        event=hook_node.text("event"),
        target=hook_node.text("target"),
        id=hook_node.lenient_integer("id"),
        test=hook_node.lenient_text("test"),
    )
    kind = kind_of(hook.event)
    # By its shape, not by the settings: deliveries of before stay readable when the server becomes another.
    dialect = current_events if current_events.is_of_today(node.value) else documented_events
    return Payload(
        hook=hook,
        event=None if kind is None else dialect.parse_event(kind, node),
        raw=node.value,
    )

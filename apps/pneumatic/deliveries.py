"""Parse the body of a webhook delivery, whichever API it comes from."""

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

# A name may come from either API, regardless of the settings. No name means two kinds.
_KINDS: Mapping[str, Kind] = {
    **{name: kind for kind, name in documented_events.EVENT_NAMES.items()},
    **documented_events.DEPRECATED_EVENTS,
    **{name: kind for kind, name in current_events.EVENT_NAMES.items()},
}


@dataclass(frozen=True, slots=True)
class Payload:
    """A parsed body; ``event`` is None for an unknown event, ``raw`` is the JSON object."""

    hook: Hook
    event: Event | None
    raw: Mapping[str, Any]

    @property
    def content_hash(self) -> str:
        """The hash of everything except ``hook``, computed on demand: the receiver does not need it.

        The same event has the same hash for two subscriptions, and under a deprecated name.
        """
        content = {key: value for key, value in self.raw.items() if key != "hook"}
        return quick_hash([kind_of(self.hook.event) or self.hook.event, content])


def kind_of(event_name: str) -> Kind | None:
    """Return the kind of an event by its name in the API; None for an unknown one."""
    return _KINDS.get(event_name)


def names_of(kind: Kind) -> list[str]:
    """Return every name that an event has in either API, including deprecated ones."""
    return [name for name, named in _KINDS.items() if named is kind]


def test_payload(kind: Kind, *, hook_id: int, target: str, nonce: str) -> dict[str, Any]:
    """Return the body of a test event, in the shape that Pneumatic sends, for workflow 0 and marked with ``nonce``."""
    dialect = choose(active_dialect() or Documented.name)
    hook = {"id": hook_id, "event": dialect.event_names[kind], "target": target, "test": nonce}
    return {"hook": hook, **dialect.example_event(kind)}


def read_payload(body: bytes) -> Payload:
    """Parse ``body``; raise UnexpectedResponse if it is not JSON or does not identify its workflow.

    Documented: Webhooks, the four event schemas. ``docs/gateway.md`` lists what may be missing.
    """
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
    # By its shape, not by the settings: old deliveries stay readable after an upgrade of the server.
    dialect = current_events if current_events.is_current(node.value) else documented_events
    return Payload(
        hook=hook,
        event=None if kind is None else dialect.parse_event(kind, node),
        raw=node.value,
    )

"""The interface of a dialect: one of the APIs that Pneumatic servers have.

A dialect knows paths, shapes and the encoding of values, and which requests a call takes. It makes them through the
client's transport, and lives as long as the client, so it can cache responses. ``parse_*`` methods raise
UnexpectedResponse with the path of the invalid key. Methods with a ``transport`` make requests and raise
PneumaticError.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.functional import Promise

from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.canonical.capabilities import Capabilities
from apps.pneumatic.canonical.events import Event, Kind, Status, WorkflowSnapshot
from apps.pneumatic.canonical.features import Features
from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    Group,
    KeyHolder,
    Launched,
    PublicFile,
    Raw,
    Received,
    Subscription,
    TaskOverride,
    Template,
    TemplateSummary,
    Upload,
    Urgency,
    User,
)
from apps.pneumatic.transport.api import Transport
from apps.pneumatic.transport.cancellation import Scope
from apps.pneumatic.transport.parsing import Node

# Fetches a listed template in full, as part of a scope; None for a deleted template.
InFull = Callable[[Received[TemplateSummary], Scope], Received[Template] | None]


@dataclass(frozen=True, slots=True)
class Listing:
    """The path of a list. ``params`` set an order in which a row that is created during reading comes last.

    Without a ``page_size`` the first request names none, and a bare array is the whole list.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int | None = 100


class Dialect(Protocol):
    """One of the APIs; users know it as ``label``. Methods raise Contradicted for a response of the other API."""

    name: str
    label: str | Promise
    templates: Listing
    users: Listing
    # The names of events for a subscription, and deprecated names that are still received.
    event_names: Mapping[Kind, str]
    deprecated_events: Mapping[str, Kind]

    @property
    def capabilities(self) -> Capabilities:
        """What the API can do with the configured settings."""

    @property
    def features(self) -> Features | None:
        """What this server reads in a launch; None while unknown, and where all servers of the API read the same."""

    def is_foreign(self, template: Raw) -> bool:
        """Return whether a template, as received, has the shape of the other API."""

    # -- Templates and people

    def parse_template_summary(self, node: Node) -> TemplateSummary:
        """Parse one row of the list of templates."""

    def templates_in_full(self, transport: Transport, listed: Sequence[Received[TemplateSummary]]) -> InFull:
        """Return a function that fetches each of ``listed`` in full; several threads may call it."""

    def template(
        self, transport: Transport, template_id: int, *, known: Raw | None, repeat: bool
    ) -> Received[Template]:
        """Return one template in full; ``known`` is its ``raw`` in the mirror, None if that is doubted."""

    def parse_user(self, node: Node) -> User:
        """Parse one row of the list of users."""

    def groups(self, transport: Transport) -> list[Received[Group]]:
        """Return the groups of users, not parsed yet; none where the API has no groups."""

    def key_holder(self, transport: Transport, *, again: bool = False) -> KeyHolder | None:
        """Return the user of the key; None where the API has no call for it. The current API finds its features too.

        They are read once, unless ``again``: then the user is read again, and the features stay.
        """

    @property
    def days_begin_in_zone(self) -> bool:
        """Whether a launch has the second in which a day begins, so that the zone of the key's user matters."""

    @property
    def has_found_features(self) -> bool:
        """Whether this client has found the features, and does not merely remember them; True where there are none."""

    def forget_server(self) -> None:
        """Forget everything that was read from the server, so that it is read again."""

    # -- Launches

    def run_path(self, template_id: int) -> str:
        """Return the path that launches a workflow."""

    def run_payload(
        self,
        template_id: int,
        *,
        name: str,
        answers: Sequence[Answer],
        tasks: Sequence[TaskOverride],
        urgency: Urgency,
        zone: dt.tzinfo,
    ) -> dict[str, Any]:
        """Return the body of a launch; days begin in ``zone``. Raise ValidationFailed for an invalid answer."""

    def may_differ(self, definition: FieldDefinition) -> bool:
        """Return whether servers of this API differ in how they read an answer to this field."""

    def needs_features(self, template_id: int, answers: Sequence[Answer]) -> bool:
        """Return whether these answers must not be sent before ``key_holder`` has found the features.

        So it is where a server of another release than the remembered one could store something else for them.
        """

    def encode_otherwise(self, definition: FieldDefinition) -> bool:
        """Encode answers to such fields in the next way from now on; return False where there is none to try."""

    def accepted_features(self) -> Features | None:
        """Return the features with the evidence of a launch that was accepted after ``encode_otherwise``, else None."""

    def parse_launched(self, node: Node) -> Launched:
        """Parse the response to a launch."""

    def upload(self, transport: Transport, upload: Upload) -> PublicFile:
        """Upload a file."""

    def check_files(self, transport: Transport) -> bool:
        """Return True if files can be uploaded, False if only an upload would show it; raise PneumaticError if not."""

    def find_files_url(self, transport: Transport) -> str:
        """Return the URL below which a file of this account is; '' without a file."""

    # -- Webhooks

    def subscriptions(self, transport: Transport, *, repeat: bool) -> list[Received[Subscription]]:
        """Return every webhook subscription of the account, not parsed yet.

        Raise NotFound where the API has no such list.
        """

    def subscribe(self, transport: Transport, *, kind: Kind, target: str) -> Subscription:
        """Subscribe ``target`` to events of ``kind``; raise NotFound where the API has no such path."""

    def unsubscribe(self, transport: Transport, subscription: Subscription) -> None:
        """End one subscription; raise NotFound if it no longer exists or has another target."""

    def unsubscribe_target(self, transport: Transport, target: str) -> None:
        """End every subscription of exactly ``target``; raise NotFound without one."""

    def parse_event(self, kind: Kind, node: Node) -> Event:
        """Parse the body of a delivery."""

    def example_event(self, kind: Kind) -> dict[str, Any]:
        """Return the body of a delivery of ``kind`` without its hook, for workflow 0, which does not exist."""

    # -- Workflows; only where ``capabilities.reads_back``

    def workflows(
        self,
        *,
        template_id: int | None,
        starter_id: int | None,
        status: Status | None,
        oldest_first: bool,
        answers_to: Sequence[str],
    ) -> Listing:
        """Return the list of workflows to read. Only ``oldest_first`` is an order for reading it page by page.

        ``status`` is running, completed or snoozed; ``answers_to`` are API names of fields.
        """

    def workflow_path(self, workflow_id: int) -> str:
        """Return the path of one workflow."""

    def parse_workflow(self, node: Node) -> WorkflowSnapshot:
        """Parse a workflow, of the list or alone."""

    def activity_listing(self, workflow_id: int) -> Listing:
        """Return the list of what happened in a workflow; its first page has the newest."""

    def parse_activity(self, node: Node) -> ActivityLog:
        """Parse the first page of that list."""

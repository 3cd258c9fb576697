"""What one generation of Pneumatic's API must be able to say and to understand.

A dialect knows paths, shapes and the encoding of values, and which questions an answer takes. It asks through the
transport that the client lends it, and lives as long as the client: what it had to ask once it need not ask again.
``parse_*`` raise UnexpectedResponse with the path of the key that is amiss; what makes requests raises PneumaticError.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.functional import Promise

from apps.pneumatic.canonical.capabilities import Capabilities
from apps.pneumatic.canonical.events import Event, Kind, Status, WorkflowSnapshot
from apps.pneumatic.canonical.schemas import (
    Answer,
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

# Gets a listed template in full, as part of a scope; None for one that was deleted meanwhile.
InFull = Callable[[Received[TemplateSummary], Scope], Received[Template] | None]


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a list is found. ``params`` set an order under which a row that is created meanwhile comes last.

    Without a ``page_size`` the first question names none, and a bare array is the whole list.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int | None = 100


class Dialect(Protocol):
    """One generation of the API; people call it ``label``. ``transport`` is what questions go through.

    Contradicted is raised for an answer that only another generation gives.
    """

    name: str
    label: str | Promise
    templates: Listing
    users: Listing
    # The names under which events can be subscribed to, and names of the past that still arrive.
    event_names: Mapping[Kind, str]
    deprecated_events: Mapping[str, Kind]

    @property
    def capabilities(self) -> Capabilities:
        """Return what this generation can do, with the settings as they are."""

    def is_foreign(self, template: Raw) -> bool:
        """Return whether a template, as it was answered, comes from another generation."""

    # -- Templates and people

    def parse_template_summary(self, node: Node) -> TemplateSummary:
        """Return one row of the list of templates."""

    def templates_in_full(self, transport: Transport, listed: Sequence[Received[TemplateSummary]]) -> InFull:
        """Return what gets each of ``listed`` in full; it may be used by several threads."""

    def template(
        self, transport: Transport, template_id: int, *, known: Raw, repeat: bool
    ) -> Received[Template]:
        """Return one template in full; ``known`` is its ``raw`` as the mirror has it, {} for none."""

    def parse_user(self, node: Node) -> User:
        """Return one row of the list of users."""

    def groups(self, transport: Transport) -> list[Group]:
        """Return the groups of users; none where there are no such things."""

    def key_holder(self, transport: Transport) -> KeyHolder | None:
        """Return whom the key belongs to; None where the server does not tell."""

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
        """Return the body of a launch; raise ValidationFailed for an answer that the API has no way to say."""

    def parse_launched(self, node: Node) -> Launched:
        """Return the answer to a launch."""

    def upload(self, transport: Transport, upload: Upload) -> PublicFile:
        """Bring a file to Pneumatic."""

    def check_files(self, transport: Transport) -> bool:
        """Return whether files can be uploaded as far as can be told without leaving one; raise PneumaticError if not.

        False where nothing can be told that way.
        """

    def find_files_url(self, transport: Transport) -> str:
        """Return where files of this account are, as an address in one of its workflows shows; '' for unknown."""

    # -- Webhooks

    def subscriptions(self, transport: Transport, *, repeat: bool) -> list[Subscription]:
        """Return every webhook subscription of the account; raise NotFound where there is no such list."""

    def subscribe(self, transport: Transport, *, kind: Kind, target: str) -> Subscription:
        """Have events of ``kind`` sent to ``target``; raise NotFound where that cannot be asked for."""

    def unsubscribe(self, transport: Transport, subscription: Subscription) -> None:
        """End one subscription; raise NotFound when it is gone already, or has another target by now."""

    def unsubscribe_target(self, transport: Transport, target: str) -> None:
        """End every subscription of exactly ``target``; raise NotFound when there is none."""

    def parse_event(self, kind: Kind, node: Node) -> Event:
        """Return the event that the body of a delivery tells."""

    def example_event(self, kind: Kind) -> dict[str, Any]:
        """Return what a delivery of ``kind`` holds besides its hook: of workflow 0, which is none."""

    # -- Workflows; only where ``capabilities.reads_back``

    def workflows(
        self, *, template_id: int | None, starter_id: int | None, status: Status | None, oldest_first: bool
    ) -> Listing:
        """Return where workflows are listed; a row created meanwhile comes last only with ``oldest_first``."""

    def workflow_path(self, workflow_id: int) -> str:
        """Return the path of one workflow."""

    def parse_workflow(self, node: Node) -> WorkflowSnapshot:
        """Return a workflow, of the list or by itself."""

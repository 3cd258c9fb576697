"""What one generation of Pneumatic's API must be able to say and to understand.

A dialect knows paths, shapes and the encoding of values. It makes no requests and keeps no state: the client asks
it what to send and gives it what came. ``parse_*`` raise UnexpectedResponse with the path of the key that is amiss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from apps.pneumatic.events import Event, Kind
from apps.pneumatic.parsing import Node
from apps.pneumatic.schemas import (
    Answer,
    Launched,
    PublicFile,
    Subscription,
    TaskOverride,
    Template,
    TemplateSummary,
    UploadTicket,
    User,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """Where a list is found. ``params`` set an order under which a row that is created meanwhile comes last."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 100


class Dialect(Protocol):
    """One generation of the API."""

    name: str
    templates: Listing
    users: Listing
    announce_path: str
    subscriptions_path: str
    target_path: str  # that of all subscriptions of one target
    # The names under which events can be subscribed to, and names of the past that still arrive.
    event_names: Mapping[Kind, str]
    deprecated_events: Mapping[str, Kind]

    def template_path(self, template_id: int) -> str:
        """Return the path of one template."""

    def run_path(self, template_id: int) -> str:
        """Return the path that launches a workflow."""

    def publish_path(self, attachment_id: int) -> str:
        """Return the path that makes a file public."""

    def subscription_path(self, subscription_id: int) -> str:
        """Return the path of one webhook subscription."""

    def run_payload(
        self, template_id: int, *, name: str, answers: Sequence[Answer], tasks: Sequence[TaskOverride]
    ) -> dict[str, Any]:
        """Return the body of a launch; raise ValidationFailed for an answer that the API has no way to say."""

    def announce_payload(
        self, *, filename: str, content_type: str, size: int, thumbnail: bool
    ) -> dict[str, Any]:
        """Return the body that announces a file."""

    def parse_template_summary(self, node: Node) -> TemplateSummary:
        """Return one row of the list of templates."""

    def parse_template(self, node: Node) -> Template:
        """Return a template in full."""

    def parse_user(self, node: Node) -> User:
        """Return one row of the list of users."""

    def parse_launched(self, node: Node) -> Launched:
        """Return the answer to a launch."""

    def parse_ticket(self, node: Node) -> UploadTicket:
        """Return where an announced file goes."""

    def parse_public_file(self, node: Node) -> PublicFile:
        """Return a file that was made public."""

    def parse_subscription(self, node: Node) -> Subscription:
        """Return one webhook subscription."""

    def parse_event(self, kind: Kind, node: Node) -> Event:
        """Return the event that the body of a delivery tells."""

    def example_event(self, kind: Kind) -> dict[str, Any]:
        """Return what a delivery of ``kind`` holds besides its hook: of workflow 0, which is none."""

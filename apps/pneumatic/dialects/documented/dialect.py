"""The API as its public reference describes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.canonical.capabilities import Capabilities
from apps.pneumatic.canonical.events import Kind, Status, WorkflowSnapshot
from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    Group,
    KeyHolder,
    PublicFile,
    Raw,
    Received,
    Subscription,
    TaskOverride,
    Template,
    TemplateSummary,
    Upload,
    UploadTicket,
    Urgency,
)
from apps.pneumatic.dialects import attachments
from apps.pneumatic.dialects.base import InFull, Listing
from apps.pneumatic.dialects.documented import events, shapes
from apps.pneumatic.dialects.documented.values import encode
from apps.pneumatic.dialects.shared import name_in, parse_launched, parse_user, receive
from apps.pneumatic.errors import ConfigurationError, NotFound, PermissionDenied
from apps.pneumatic.transport import errors
from apps.pneumatic.transport.api import Transport, secrets_of
from apps.pneumatic.transport.cancellation import Scope
from apps.pneumatic.transport.parsing import Node


class Documented:
    """The documented API (``docs/gateway.md`` lists its endpoints)."""

    name = "documented"
    label: str | Promise = gettext_lazy("Pneumatic (documented API)")
    # Oldest first: a template that is created during reading comes last and shifts no page.
    templates = Listing("/templates", {"ordering": "date"})
    users = Listing("/accounts/users", {"order": "asc"})
    capabilities = Capabilities(thumbnails=True)
    features = None
    has_found_features = True
    event_names = events.EVENT_NAMES
    deprecated_events = events.DEPRECATED_EVENTS
    parse_template_summary = staticmethod(shapes.parse_template_summary)
    parse_user = staticmethod(parse_user)
    parse_launched = staticmethod(parse_launched)
    parse_event = staticmethod(events.parse_event)
    example_event = staticmethod(events.example_event)

    # -- Templates and people

    def templates_in_full(self, transport: Transport, listed: Sequence[Received[TemplateSummary]]) -> InFull:
        def fetch(row: Received[TemplateSummary], scope: Scope) -> Received[Template] | None:
            try:
                detail = self._detail(transport, row.id, scope=scope)
            except NotFound:
                return None
            return _in_full(row.id, detail, _only_listed(row.raw))

        return fetch

    def template(
        self, transport: Transport, template_id: int, *, known: Raw | None, repeat: bool
    ) -> Received[Template]:
        detail = self._detail(transport, template_id, repeat=repeat)
        return _in_full(template_id, detail, (known or {}).get("list", {}))

    def groups(self, transport: Transport) -> list[Received[Group]]:
        return []

    def key_holder(self, transport: Transport, *, again: bool = False) -> KeyHolder | None:
        return None

    @property
    def days_begin_in_zone(self) -> bool:
        return False

    def forget_server(self) -> None:
        return None

    def _detail(
        self, transport: Transport, template_id: int, *, scope: Scope | None = None, repeat: bool = True
    ) -> Node:
        answer = transport.get(f"/templates/{int(template_id)}", scope=scope, repeat=repeat)
        # Of thousands of templates, the error has to name the invalid one.
        node = Node(answer, key=f"templates[{template_id}]")
        if node.integer("id") != template_id:
            node.child("id").fail()
        if self.is_foreign(node.value):
            raise errors.contradicted(str(self.label))
        return node

    # -- Launches

    def run_path(self, template_id: int) -> str:
        return f"/templates/{int(template_id)}/run"

    def may_differ(self, definition: FieldDefinition) -> bool:
        return False

    def needs_features(self, template_id: int, answers: Sequence[Answer]) -> bool:
        return False

    def encode_otherwise(self, definition: FieldDefinition) -> bool:
        return False

    def accepted_features(self) -> None:
        return None

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
        kickoff = {answer.field.api_name: encode(answer.field, answer.value) for answer in answers}
        payload: dict[str, Any] = {"id": int(template_id), "name": name, "kickoff": kickoff or None}
        if tasks:
            # The reference does not give the shape; a task is identified by its number everywhere else.
            payload["tasks"] = [{"number": task.number, "url": task.url} for task in tasks]
        return payload

    def upload(self, transport: Transport, upload: Upload) -> PublicFile:
        ticket = self._announce(transport, attachments.announcement(upload))
        attachments.store(transport, ticket, upload)
        answer = transport.post(f"{attachments.PATH}/{ticket.id}/links")
        return attachments.parse_public_file(Node(answer))

    def _announce(self, transport: Transport, announced: Raw) -> UploadTicket:
        try:
            return attachments.parse_ticket(Node(transport.post(attachments.PATH, announced)))
        except (NotFound, PermissionDenied) as error:
            # The current API treats the path as that of a workflow, which cannot be changed like this.
            missing = errors.contradicted(str(self.label), error.status)
        raise missing

    def check_files(self, transport: Transport) -> bool:
        return False  # only an announcement would show it, and an announcement remains

    def find_files_url(self, transport: Transport) -> str:
        return ""  # the response to each announcement has the URL

    # -- Webhooks

    def subscriptions(self, transport: Transport, *, repeat: bool) -> list[Received[Subscription]]:
        answer = Node(transport.get("/webhooks", repeat=repeat), key="webhooks")
        return [receive(node, shapes.parse_subscription) for node in _whole_list(answer)]

    @sensitive_variables("target", "fields")
    def subscribe(self, transport: Transport, *, kind: Kind, target: str) -> Subscription:
        fields = {"target": target, "event": self.event_names[kind]}
        answer = transport.send_form("POST", "/webhooks", fields, secrets=secrets_of(target))
        return shapes.parse_subscription(Node(answer))

    def unsubscribe(self, transport: Transport, subscription: Subscription) -> None:
        _check_ok(transport.send_form("DELETE", f"/webhooks/{int(subscription.id)}"))

    @sensitive_variables("target")
    def unsubscribe_target(self, transport: Transport, target: str) -> None:
        answer = transport.send_form(
            "DELETE", "/webhooks/target", {"target": target}, secrets=secrets_of(target)
        )
        _check_ok(answer)

    # -- Workflows: the documented API has no list of them

    def workflows(
        self,
        *,
        template_id: int | None,
        starter_id: int | None,
        status: Status | None,
        oldest_first: bool,
        answers_to: Sequence[str],
    ) -> Listing:
        raise cannot_read_back()

    def workflow_path(self, workflow_id: int) -> str:
        raise cannot_read_back()

    def parse_workflow(self, node: Node) -> WorkflowSnapshot:
        raise cannot_read_back()

    def activity_listing(self, workflow_id: int) -> Listing:
        raise cannot_read_back()

    def parse_activity(self, node: Node) -> ActivityLog:
        raise cannot_read_back()

    # -- The other API

    def is_foreign(self, template: Raw) -> bool:
        return "owners" in template and "run_allowed" not in template


def cannot_read_back() -> ConfigurationError:
    """Return the error for calls that the documented API lacks."""
    return ConfigurationError(
        _("This Pneumatic version cannot list workflows. The dashboard knows them from webhooks alone.")
    )


def _in_full(template_id: int, detail: Node, listed: Raw) -> Received[Template]:
    """Return a template whose ``raw`` has the detail, and under ``list`` the keys that only the list has."""
    extra = {key: value for key, value in listed.items() if key not in detail.value}
    return Received(
        id=template_id,
        raw={"detail": detail.value, "list": extra},
        read=lambda: shapes.parse_template(detail),
        name=name_in(detail.value),
    )


def _only_listed(raw: Raw) -> dict[str, Any]:
    """Return a row of the list without its two large keys, which the detail has too.

    The list's objects of users are left out: a new photo of one user must not change every template.
    """
    return {key: value for key, value in raw.items() if key not in {"kickoff", "run_allowed"}}


def _whole_list(node: Node) -> Iterator[Node]:
    """Yield the rows of a list without pages: a bare array, or an envelope with all of it."""
    if type(node.value) is not dict:
        return node.members()
    rows = node.child("results")
    if not node.is_null("next"):
        node.child("next").fail()  # with half a list the rest would look deleted
    return rows.members()


def _check_ok(answer: Any) -> None:
    """Raise UnexpectedResponse unless ``answer`` is empty or ``{"ok": true}``."""
    if answer is not None and Node(answer).flag("ok") is not True:
        Node(answer).child("ok").fail()

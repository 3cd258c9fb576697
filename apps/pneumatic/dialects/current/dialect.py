"""The API of the open-source server that companies host in 2026, and of the cloud."""

from __future__ import annotations

import datetime as dt
import threading
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic import server
from apps.pneumatic.canonical.capabilities import Capabilities
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import (
    Answer,
    Group,
    KeyHolder,
    Launched,
    Raw,
    Received,
    Subscription,
    TaskOverride,
    Template,
    TemplateSummary,
    Urgency,
)
from apps.pneumatic.dialects.base import InFull, Listing
from apps.pneumatic.dialects.current import activity, options, shapes
from apps.pneumatic.dialects.current import events as current_events
from apps.pneumatic.dialects.current.files import FileCalls
from apps.pneumatic.dialects.current.listings import workflow_listing
from apps.pneumatic.dialects.current.values import (
    MAX_NAME_CHARACTERS,
    checked_name,
    encode,
)
from apps.pneumatic.dialects.shared import name_in, parse_launched, parse_user, receive
from apps.pneumatic.errors import NotFound, PermissionDenied, UnexpectedResponse
from apps.pneumatic.transport import errors
from apps.pneumatic.transport.api import Transport, secrets_of
from apps.pneumatic.transport.cancellation import Scope
from apps.pneumatic.transport.parsing import Node

_NAME_VARIABLES = (
    "date",
    "template-name",
    "workflow-starter",
    "workflow-id",
    "account_name",
    "user_first_name",
    "user_last_name",
    "user_email",
)
# Subscriptions have no ids: known events are numbered from 1, unknown ones from here.
_FIRST_UNKNOWN_ID = 1000


class Current(FileCalls):
    """The current API (``docs/gateway.md`` lists its endpoints)."""

    name = "current"
    label: str | Promise = gettext_lazy("Pneumatic (current API)")
    # Active templates always come first; among them, a template that is created during reading comes last.
    templates = Listing("/templates", {"ordering": "date"})
    # Users of one name have no stable order, so pages could lose some: one request returns all.
    users = Listing("/accounts/users", {"ordering": "last_name"}, page_size=None)
    event_names = current_events.EVENT_NAMES
    deprecated_events: Mapping[str, Kind] = MappingProxyType({})
    parse_template_summary = staticmethod(shapes.parse_template_summary)
    parse_user = staticmethod(parse_user)
    parse_event = staticmethod(current_events.parse_event)
    example_event = staticmethod(current_events.example_event)
    parse_workflow = staticmethod(current_events.parse_workflow)

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._holder: KeyHolder | None = None
        self._groups: list[Received[Group]] | None = None
        self._readable_groups: dict[str, Received[Group]] | None = None
        self._datasets: dict[str, list[str] | None] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            reads_back=True,
            groups=True,
            urgency=True,
            lists_own_templates=True,
            owner_may_run_everything=True,
            one_url_per_event=True,
            longest_name=MAX_NAME_CHARACTERS,
            name_variables=_NAME_VARIABLES,
            thumbnails=self.has_file_storage,
            no_files=self.no_files,
        )

    def is_foreign(self, template: Raw) -> bool:
        return "run_allowed" in template and "owners" not in template

    # -- Templates and people

    def templates_in_full(self, transport: Transport, listed: Sequence[Received[TemplateSummary]]) -> InFull:
        # Only administrators may read details, so no request is made for another user.
        reads_details = self.key_holder(transport).sees_everything

        def fetch(row: Received[TemplateSummary], scope: Scope) -> Received[Template] | None:
            detail = None
            if reads_details:
                is_disabled = row.raw.get("is_active") is False
                try:
                    detail = self._detail(transport, row.id, scope, may_be_empty=is_disabled)
                except NotFound:
                    return None
            sends_api_names = options.listed_as_objects(row.raw)
            return self._in_full(
                transport, row.id, listed=row.raw, detail=detail, sends_api_names=sends_api_names
            )

        return fetch

    def template(
        self, transport: Transport, template_id: int, *, known: Raw | None, repeat: bool
    ) -> Received[Template]:
        listed = known.get("list", {}) if known else {}
        detail = self._detail(transport, template_id, Scope(), repeat=repeat)
        if detail is None or known is None:
            name = str(listed.get("name", "") or (detail or {}).get("name", ""))
            row = self._listed(transport, template_id, name=name, repeat=repeat)
            sends_api_names = options.listed_as_objects(row)
            self.note_options(template_id, sends_api_names)
            return self._in_full(
                transport, template_id, listed=row, detail=detail, sends_api_names=sends_api_names
            )
        sends_api_names = options.remembered(known, detail)
        if sends_api_names is options.detailed_as_objects(detail):
            self.note_options(template_id, sends_api_names)
        received = self._in_full(
            transport, template_id, listed=listed, detail=detail, sends_api_names=sends_api_names
        )
        is_older = any(received.raw.get(key) != known.get(key) for key in ("detail", "datasets"))
        if not is_older or not detail.get("is_active"):
            return received  # the detail of a draft has a form that cannot be launched yet
        # Newer than the form in the list, which has the values of data sets merged in.
        listed = {key: value for key, value in listed.items() if key == "tasks_count"}
        return self._in_full(
            transport, template_id, listed=listed, detail=detail, sends_api_names=sends_api_names
        )

    def groups(self, transport: Transport) -> list[Received[Group]]:
        with self._lock:
            if self._groups is None:
                answer = Node(transport.get("/accounts/groups"), key="groups")
                rows = answer if type(answer.value) is list else answer.child("results")
                self._groups = [receive(node, shapes.parse_group) for node in rows.members()]
            return self._groups

    def forget_server(self) -> None:
        with self._lock:
            self.forget_features()
            self._holder = self._groups = self._readable_groups = None
            self._datasets.clear()

    def key_holder(self, transport: Transport, *, again: bool = False) -> KeyHolder:
        with self._lock:
            if self._holder is None or again:
                context = Node(transport.get("/auth/context"))
                self._holder = shapes.parse_key_holder(context, asked_at=server.now())
                if not again:
                    self.find_features(transport, context.value)
            return self._holder

    def _detail(
        self,
        transport: Transport,
        template_id: int,
        scope: Scope,
        *,
        repeat: bool = True,
        may_be_empty: bool = False,
    ) -> dict[str, Any] | None:
        """Return the detail; None where the key may not read it.

        The account's owner may read every detail unless the account is blocked: then raise PermissionDenied, so that
        the templates of the mirror keep their tasks. A detail ``may_be_empty`` for a disabled template without a draft:
        then only its row in the list exists.
        """
        try:
            answer = transport.get(f"/templates/{int(template_id)}", scope=scope, repeat=repeat)
        except PermissionDenied:
            if self._holder is not None and self._holder.is_account_owner:
                raise
            return None
        if may_be_empty and not answer:
            return None
        node = Node(answer, key=f"templates[{template_id}]")
        if node.integer("id") != template_id:
            node.child("id").fail()
        detail: dict[str, Any] = node.value
        if self.is_foreign(detail):
            raise errors.contradicted(str(self.label))
        return detail

    def _listed(self, transport: Transport, template_id: int, *, name: str, repeat: bool) -> dict[str, Any]:
        """Return the template's row of the list; raise NotFound. A search comes first, because the list may be long."""
        questions: list[Mapping[str, str | int]] = [{"search": name, "limit": 100}] if name.strip() else []
        for params in [*questions, {}]:
            answer = Node(transport.get("/templates", params, repeat=repeat), key="templates")
            rows = answer if type(answer.value) is list else answer.child("results")
            for node in rows.members():
                if type(node.value) is dict and node.lenient_integer("id") == template_id:
                    row: dict[str, Any] = node.value
                    return row
        raise NotFound(_("This does not exist in Pneumatic, or the API key has no access to it."))

    def _in_full(
        self,
        transport: Transport,
        template_id: int,
        *,
        listed: Raw,
        detail: Raw | None,
        sends_api_names: bool | None,
    ) -> Received[Template]:
        """Return a template whose ``raw`` has the parts that ``parse_template`` needs."""
        raw: dict[str, Any] = {"detail": detail, "list": dict(listed)}
        if sends_api_names is None and detail is not None:
            sends_api_names = options.detailed_as_objects(detail)
        if sends_api_names:
            raw[options.PART] = options.API_NAMES
        head = Node(detail if detail is not None and listed.get("kickoff") is None else listed)
        if groups := shapes.groups_among(head):
            known = self._groups_by_id(transport)
            raw["groups"] = {
                id_: sorted(known[id_].read().users) if id_ in known else [] for id_ in sorted(groups)
            }
        # Including data sets whose values are in the list: nothing else shows a change of them.
        datasets = shapes.datasets_among(head)
        if detail is not None:
            datasets |= shapes.datasets_among(Node(detail))
        if datasets:
            raw["datasets"] = {id_: self._dataset(transport, id_) for id_ in sorted(datasets)}
        return _received(template_id, raw)

    def _groups_by_id(self, transport: Transport) -> dict[str, Received[Group]]:
        """Return the groups; none where the key may not read groups, so that templates can be read."""
        if self._readable_groups is None:
            try:
                groups = self.groups(transport)
            except (PermissionDenied, NotFound):
                groups = []
            self._readable_groups = {str(group.id): group for group in groups}
        return self._readable_groups

    def _dataset(self, transport: Transport, id_: str) -> list[str] | None:
        """Return the values of a data set; None where the key may not read it."""
        with self._lock:
            if id_ not in self._datasets:
                try:
                    answer = transport.get(f"/datasets/{id_}")
                except (PermissionDenied, NotFound):
                    self._datasets[id_] = None
                else:
                    self._datasets[id_] = shapes.parse_dataset(Node(answer, key=f"datasets[{id_}]"))
            return self._datasets[id_]

    # -- Launches

    def run_path(self, template_id: int) -> str:
        return f"/templates/{int(template_id)}/run"

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
        self.check_options(template_id, answers)
        known = self.features_for(answers)
        payload: dict[str, Any] = {
            "name": checked_name(name),
            "kickoff": {
                answer.field.api_name: encode(answer.field, answer.value, zone=zone, features=known)
                for answer in answers
            },
        }
        if urgency.is_urgent:
            payload["is_urgent"] = True
        if urgency.due is not None:
            payload["due_date_tsp"] = urgency.due.timestamp()
        return payload

    @staticmethod
    def parse_launched(node: Node) -> Launched:
        return replace(parse_launched(node), stored=current_events.stored_outputs(node.value.get("kickoff")))

    # -- Webhooks: one URL for each event. Never use the calls that end all subscriptions of the account.

    def subscriptions(self, transport: Transport, *, repeat: bool) -> list[Received[Subscription]]:
        events = Node(transport.get("/webhooks/events", repeat=repeat), key="events")
        return [
            self._received_subscription(node)
            for node in events.members()
            if type(node.value) is not dict or node.value.get("url")
        ]

    def _readable(self, transport: Transport) -> list[Subscription]:
        rows = []
        for received in self.subscriptions(transport, repeat=True):
            with suppress(UnexpectedResponse):  # of another integration, perhaps
                rows.append(received.read())
        return rows

    def _received_subscription(self, node: Node) -> Received[Subscription]:
        received = receive(node, self._subscription)
        return replace(received, id=self._number_of(received.name)) if received.name else received

    @sensitive_variables("target")
    def subscribe(self, transport: Transport, *, kind: Kind, target: str) -> Subscription:
        event = self.event_names[kind]
        try:
            self._subscribe(transport, event, target)
        except NotFound:
            event = current_events.OLD_EVENT_NAMES.get(kind, "")
            if not event:
                raise
            self._subscribe(transport, event, target)
        return self._subscription(Node({"event": event, "url": target}))

    @sensitive_variables("target")
    def _subscribe(self, transport: Transport, event: str, target: str) -> None:
        path = f"/webhooks/events/{event}/subscribe"
        transport.send_json(path, {"url": target}, secrets=secrets_of(target))

    @sensitive_variables("subscription")
    def unsubscribe(self, transport: Transport, subscription: Subscription) -> None:
        rows = self._readable(transport)
        if not any(row.id == subscription.id and row.target == subscription.target for row in rows):
            raise NotFound(_("This subscription no longer exists, or has another URL."))
        self._end(transport, subscription)

    @sensitive_variables("target")
    def unsubscribe_target(self, transport: Transport, target: str) -> None:
        rows = [row for row in self._readable(transport) if row.target == target]
        if not rows:
            raise NotFound(_("No subscription has this URL."))
        for row in rows:
            self._end(transport, row)

    def _end(self, transport: Transport, subscription: Subscription) -> None:
        transport.send_json(f"/webhooks/events/{subscription.event}/unsubscribe", {})

    def _subscription(self, node: Node) -> Subscription:
        event = node.text("event")
        return Subscription(
            id=self._number_of(event),
            event=event,
            target=node.text("url"),
            kind=self._kind_of(event),
            raw=node.value,
        )

    def _number_of(self, event: str) -> int:
        kind = self._kind_of(event)
        return (
            list(self.event_names).index(kind) + 1 if kind else _FIRST_UNKNOWN_ID + zlib.crc32(event.encode())
        )

    def _kind_of(self, event: str) -> Kind | None:
        names = (*current_events.OLD_EVENT_NAMES.items(), *self.event_names.items())
        return {name: kind for kind, name in names}.get(event)

    # -- Workflows

    workflows = staticmethod(workflow_listing)
    activity_listing = staticmethod(activity.activity_listing)
    parse_activity = staticmethod(activity.parse_activity)

    def workflow_path(self, workflow_id: int) -> str:
        return f"/workflows/{int(workflow_id)}"


def _received(template_id: int, raw: Raw) -> Received[Template]:
    node = Node(raw, key=f"templates[{template_id}]")
    name = name_in(raw["list"]) or name_in(raw["detail"])
    return Received(id=template_id, raw=raw, read=partial(shapes.parse_template, node), name=name)

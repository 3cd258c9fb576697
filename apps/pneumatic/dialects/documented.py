"""The API as its public reference describes it.

Needed is what the dashboard cannot do without; everything else may be missing or null, because servers have
dropped documented keys before. Unknown keys are ignored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from apps.pneumatic.dialects import documented_events
from apps.pneumatic.dialects.base import Listing
from apps.pneumatic.errors import ValidationFailed
from apps.pneumatic.events import Event, Kind
from apps.pneumatic.parsing import Node
from apps.pneumatic.schemas import (
    Answer,
    DynamicPerformer,
    FieldDefinition,
    FileValue,
    Invite,
    Kickoff,
    Launched,
    PublicFile,
    Selection,
    Subscription,
    Task,
    TaskOverride,
    Template,
    TemplateSummary,
    UploadTicket,
    User,
    UserValue,
    Value,
)

# The reference's own examples of webhooks call a radio field so.
_ALIASES = {"radiobutton": "radio"}
_WITH_SELECTIONS = frozenset({"radio", "checkbox", "dropdown"})


class Documented:
    """The documented API (see ``docs/gateway.md``)."""

    name = "documented"
    # Oldest first: what is created while we list comes last and shifts no page.
    templates = Listing("/templates", {"ordering": "date"})
    users = Listing("/accounts/users", {"order": "asc"})
    announce_path = "/workflows/attachments"
    subscriptions_path = "/webhooks"
    target_path = "/webhooks/target"
    event_names = documented_events.EVENT_NAMES
    deprecated_events = documented_events.DEPRECATED_EVENTS

    def template_path(self, template_id: int) -> str:
        return f"/templates/{int(template_id)}"

    def run_path(self, template_id: int) -> str:
        return f"/templates/{int(template_id)}/run"

    def publish_path(self, attachment_id: int) -> str:
        return f"/workflows/attachments/{int(attachment_id)}/links"

    def subscription_path(self, subscription_id: int) -> str:
        return f"/webhooks/{int(subscription_id)}"

    def run_payload(
        self, template_id: int, *, name: str, answers: Sequence[Answer], tasks: Sequence[TaskOverride]
    ) -> dict[str, Any]:
        kickoff = {answer.field.api_name: encode(answer.field, answer.value) for answer in answers}
        payload: dict[str, Any] = {"id": int(template_id), "name": name, "kickoff": kickoff or None}
        if tasks:
            # The reference names the parameter, not its shape; a task is known by its number everywhere else.
            payload["tasks"] = [{"number": task.number, "url": task.url} for task in tasks]
        return payload

    def announce_payload(
        self, *, filename: str, content_type: str, size: int, thumbnail: bool
    ) -> dict[str, Any]:
        return {"filename": filename, "content_type": content_type, "size": size, "thumbnail": thumbnail}

    def parse_template_summary(self, node: Node) -> TemplateSummary:
        return TemplateSummary(
            id=node.integer("id"),
            name=node.text("name"),
            is_active=node.flag("is_active"),
            description=node.text_or_empty("description"),
            performers_count=node.integer_or_none("performers_count") or 0,
            tasks_count=node.integer_or_none("tasks_count") or 0,
            run_allowed=tuple(user.integer("id") for user in node.items_or_none("run_allowed")),
            kickoff=_kickoff(node),
            first_task_responsible=_ids(node, "first_task_responsible"),
            raw=node.value,
        )

    def parse_template(self, node: Node) -> Template:
        return Template(
            id=node.integer("id"),
            name=node.text("name"),
            is_active=node.flag("is_active"),
            description=node.text_or_empty("description"),
            finalizable=node.flag_or_false("finalizable"),
            date_updated=node.time_or_none("date_updated"),
            updated_by=node.integer_or_none("updated_by"),
            performers_count=node.integer_or_none("performers_count") or 0,
            tasks_count=node.integer_or_none("tasks_count") or 0,
            run_allowed=_ids(node, "run_allowed"),
            kickoff=_kickoff(node),
            tasks=tuple(sorted(map(_task, node.items("tasks")), key=_task_number)),
            raw=node.value,
        )

    def parse_user(self, node: Node) -> User:
        return User(
            id=node.integer("id"),
            email=node.text("email"),
            first_name=node.text_or_empty("first_name"),
            last_name=node.text_or_empty("last_name"),
            status=node.text("status"),
            phone=node.text_or_empty("phone"),
            photo=node.text_or_empty("photo"),
            is_staff=node.flag_or_false("is_staff"),
            is_admin=node.flag_or_false("is_admin"),
            is_account_owner=node.flag_or_false("is_account_owner"),
            invite=None if node.is_null("invite") else _invite(node.child("invite")),
            raw=node.value,
        )

    def parse_launched(self, node: Node) -> Launched:
        return Launched(workflow_id=node.integer("workflow_id"), raw=node.value)

    def parse_ticket(self, node: Node) -> UploadTicket:
        return UploadTicket(
            id=node.integer("id"),
            file_upload_url=node.text("file_upload_url"),
            thumbnail_upload_url=node.text_or_empty("thumbnail_upload_url") or None,
        )

    def parse_public_file(self, node: Node) -> PublicFile:
        return PublicFile(
            id=node.integer("id"),
            name=node.text("name"),
            url=node.text("url"),
            thumbnail_url=node.text_or_empty("thumbnail_url"),
            size=node.integer_or_none("size") or 0,
        )

    def parse_subscription(self, node: Node) -> Subscription:
        event = node.text("event")
        return Subscription(
            id=node.integer("id"),
            event=event,
            target=node.text("target"),
            kind=documented_events.KINDS.get(event),
            is_deprecated=event in self.deprecated_events,
            created=node.time_or_none("created"),
            updated=node.time_or_none("updated"),
            raw=node.value,
        )

    def parse_event(self, kind: Kind, node: Node) -> Event:
        return documented_events.parse_event(kind, node)

    def example_event(self, kind: Kind) -> dict[str, Any]:
        return documented_events.example_event(kind)


def encode(field: FieldDefinition, value: Value) -> Any:
    """Return ``value`` as the kickoff of a launch wants it.

    Raise ValidationFailed when it cannot be said: an unknown type of field, an option that the field does not have.
    """
    encoder = _ENCODERS.get(field.type)
    if encoder is None:
        raise _refused(field, _("Fields of the type “%(type)s” are not supported.") % {"type": field.type})
    return encoder(field, value)


def _text(field: FieldDefinition, value: Value) -> str:
    return value if isinstance(value, str) else _wrong_kind(field, value)


def _selection(field: FieldDefinition, value: Value) -> int:
    if not isinstance(value, str):
        _wrong_kind(field, value)
    if all(selection.key != value for selection in field.selections):
        raise _refused(field, _("The chosen option is not one of this field's options."))
    return int(value)  # the IDs of selections are integers: ``_selections`` saw to it


def _selected(field: FieldDefinition, value: Value) -> list[int]:
    return [_selection(field, key) for key in _tuple(field, value)]


def _date(field: FieldDefinition, value: Value) -> str:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        _wrong_kind(field, value)
    return value.isoformat()


def _user(field: FieldDefinition, value: Value) -> int:
    return value.id if isinstance(value, UserValue) else _wrong_kind(field, value)


def _files(field: FieldDefinition, value: Value) -> list[int]:
    return [
        int(file.id) if isinstance(file, FileValue) else _wrong_kind(field, value)
        for file in _tuple(field, value)
    ]


def _tuple(field: FieldDefinition, value: Value) -> Iterable[Any]:
    return value if isinstance(value, tuple) else _wrong_kind(field, value)


_ENCODERS: Mapping[str, Callable[[FieldDefinition, Value], Any]] = {
    "string": _text,
    "text": _text,
    "url": _text,
    "radio": _selection,
    "dropdown": _selection,
    "checkbox": _selected,
    "date": _date,
    "user": _user,
    "file": _files,
}


def _wrong_kind(field: FieldDefinition, value: object) -> NoReturn:
    # A mistake in our own code: no person's answer comes here in another form than its field's.
    raise TypeError(f"A field of type {field.type} cannot hold a {type(value).__name__}.")


def _refused(field: FieldDefinition, reason: str) -> ValidationFailed:
    return ValidationFailed(reason, errors={field.api_name: [reason]})


def _kickoff(template: Node) -> Kickoff:
    if template.has_null("kickoff"):
        return Kickoff()
    node = template.child("kickoff")
    return Kickoff(description=node.text_or_empty("description"), fields=_fields(node))


def _fields(owner: Node) -> tuple[FieldDefinition, ...]:
    # Python's sort is stable: ties stay as listed.
    return tuple(sorted(map(_field, owner.items("fields")), key=_field_order, reverse=True))


def _field_order(field: FieldDefinition) -> int:
    return field.order


def _field(node: Node) -> FieldDefinition:
    wire_type = node.text("type")
    type_ = _ALIASES.get(wire_type, wire_type)
    return FieldDefinition(
        api_name=node.text("api_name"),
        name=node.text("name"),
        type=type_,
        description=node.text_or_empty("description"),
        is_required=node.flag("is_required"),
        order=node.integer("order"),
        selections=_selections(node) if type_ in _WITH_SELECTIONS else (),
    )


def _selections(field: Node) -> tuple[Selection, ...]:
    return tuple(
        Selection(key=str(node.integer("id")), label=node.text("value")) for node in field.items("selections")
    )


def _task(node: Node) -> Task:
    return Task(
        id=node.integer("id"),
        number=node.integer("number"),
        name=node.text("name"),
        description=node.text_or_empty("description"),
        delay=node.delay_or_none("delay"),
        require_completion_by_all=node.flag_or_false("require_completion_by_all"),
        is_starter_responsible=node.flag_or_false("is_starter_responsible"),
        responsible=_ids(node, "responsible"),
        dynamic_performers=tuple(
            DynamicPerformer(api_name=performer.text("api_name"), name=performer.text_or_empty("name"))
            for performer in node.items_or_none("output_responsible")
        ),
        fields=() if node.is_null("fields") else _fields(node),
    )


def _task_number(task: Task) -> int:
    return task.number


def _invite(node: Node) -> Invite:
    return Invite(
        id=node.text("id"),
        invited_by=node.integer_or_none("invited_by"),
        by_username=node.text_or_empty("by_username"),
        invited_from=node.text_or_empty("invited_from"),
        date_created=node.time_or_none("date_created"),
    )


def _ids(node: Node, key: str) -> tuple[int, ...]:
    return tuple(item.itself_integer() for item in node.items_or_none(key))

"""The responses of the documented API.

Required are the keys that the dashboard needs. Every other key may be missing or null, because servers have dropped
documented keys before. Unknown keys are ignored.
"""

from __future__ import annotations

from apps.pneumatic.canonical.schemas import (
    DynamicPerformer,
    FieldDefinition,
    Kickoff,
    Selection,
    Subscription,
    Task,
    Template,
    TemplateSummary,
)
from apps.pneumatic.dialects.documented import events
from apps.pneumatic.transport.parsing import Node

# The reference's examples of webhooks have this name for a radio field.
_ALIASES = {"radiobutton": "radio"}
_WITH_SELECTIONS = frozenset({"radio", "checkbox", "dropdown"})


def parse_template_summary(node: Node) -> TemplateSummary:
    """Parse one row of the list (Get All Templates)."""
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


def parse_template(node: Node) -> Template:
    """Parse a template in full (Get a Specific Template)."""
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


def parse_subscription(node: Node) -> Subscription:
    """Parse one row of the list (Get All Webhooks)."""
    event = node.text("event")
    return Subscription(
        id=node.integer("id"),
        event=event,
        target=node.text("target"),
        kind=events.KINDS.get(event),
        is_deprecated=event in events.DEPRECATED_EVENTS,
        created=node.time_or_none("created"),
        updated=node.time_or_none("updated"),
        raw=node.value,
    )


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


def _ids(node: Node, key: str) -> tuple[int, ...]:
    return tuple(item.itself_integer() for item in node.items_or_none(key))

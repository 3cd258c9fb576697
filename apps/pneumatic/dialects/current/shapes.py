"""The responses of the current API.

The list has a template's form, with the options of data sets merged in. The detail, for users who may read it, has the
tasks. Parsing is tolerant of both: the detail of a draft may be unfinished.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from apps.pneumatic.canonical.schemas import (
    DynamicPerformer,
    FieldDefinition,
    Fieldset,
    FieldsetRule,
    Group,
    KeyHolder,
    Kickoff,
    RuleGroup,
    RuleKind,
    Task,
    Template,
    TemplateSummary,
)
from apps.pneumatic.dialects.current.options import (
    API_NAMES,
    PART,
    WITH_SELECTIONS,
    OptionReader,
    is_open,
    listed_as_objects,
)
from apps.pneumatic.errors import UnexpectedResponse
from apps.pneumatic.transport.parsing import Node

MAX_STRING_CHARACTERS = 140
_KINDS = {kind.value: kind for kind in RuleKind}
Members = Mapping[str, Sequence[int]]


def parse_template_summary(node: Node) -> TemplateSummary:
    """Parse one row of the list, without members of groups and options of data sets in fieldsets."""
    return TemplateSummary(
        id=node.integer("id"),
        name=node.text("name"),
        is_active=node.flag("is_active"),
        description=node.text_or_empty("description"),
        tasks_count=node.integer_or_none("tasks_count") or 0,
        run_allowed=_run_allowed(node, {}),
        kickoff=_kickoff(node, OptionReader(sends_api_names=listed_as_objects(node.value) is True)),
        owner_ids=_owners(node, "user"),
        owner_group_ids=_owners(node, "group"),
        raw=node.value,
    )


def parse_template(raw: Node) -> Template:
    """Parse a template from its parts: ``list``, ``detail``, ``groups``, ``datasets`` and ``selections``.

    The list is the better source of the form, unless it was left out because the detail is newer. ``is_active`` comes
    from the detail, which is never older.
    """
    listed, has_detail = raw.child("list"), not raw.is_null("detail")
    detail = raw.child("detail") if has_detail else listed
    head = detail if listed.is_null("kickoff") else listed
    is_draft = has_detail and not detail.flag("is_active")
    sends_api_names = raw.value.get(PART) == API_NAMES
    options = OptionReader(raw.value.get("datasets", {}), sends_api_names)
    task_options = OptionReader(sends_api_names=sends_api_names)
    tasks = tuple(_tasks(detail, task_options, is_draft=is_draft)) if has_detail else ()
    return Template(
        id=head.integer("id"),
        name=head.lenient_text("name") if is_draft else head.text("name"),
        # The draft of a template that was disabled in the list is still marked as active.
        is_active=detail.flag("is_active") and listed.value.get("is_active") is not False,
        description=head.lenient_text("description"),
        finalizable=detail.value.get("finalizable") is True,
        date_updated=timestamp(detail, "date_updated"),
        updated_by=detail.lenient_integer("updated_by"),
        tasks_count=listed.lenient_integer("tasks_count") or len(tasks),
        run_allowed=_run_allowed(head, raw.value.get("groups", {})),
        kickoff=_kickoff_of(head, options, is_draft=is_draft and head is detail),
        tasks=tasks,
        workflow_name=head.lenient_text("wf_name_template"),
        raw=raw.value,
    )


def groups_among(template: Node) -> set[str]:
    """Return the ids, as texts, of the groups whose members may run a template."""
    return {
        str(id_)
        for owner in template.items_or_none("owners")
        if owner.lenient_text("type") == "group" and (id_ := _number(owner, "source_id")) is not None
    }


def datasets_among(template: Node) -> set[str]:
    """Return the ids, as texts, of the data sets whose values the form lacks."""
    if template.is_null("kickoff"):
        return set()
    found = set()
    for _fieldset, field in _places(template.child("kickoff")):
        if field.lenient_text("type") in WITH_SELECTIONS and is_open(field):
            found.add(str(field.integer("dataset")))
    return found


def parse_group(node: Node) -> Group:
    """Parse one row of the list of groups."""
    members = tuple(item.itself_integer() for item in node.items_or_none("users"))
    is_personal = node.lenient_text("type") == "personal"
    return Group(node.integer("id"), node.text("name"), members, is_personal, raw=node.value)


def parse_dataset(node: Node) -> list[str]:
    """Parse a data set into its values, in its order."""
    items = sorted(node.items("items"), key=lambda item: item.lenient_integer("order") or 0)
    return [item.text("value") for item in items]


def parse_key_holder(node: Node, *, asked_at: dt.datetime) -> KeyHolder:
    """Parse ``GET /auth/context`` as it was at ``asked_at``: the user of the API key."""
    first, last = node.text_or_empty("first_name"), node.text_or_empty("last_name")
    email = node.lenient_text("email")
    return KeyHolder(
        user_id=node.integer("id"),
        email=email,
        name=" ".join(part for part in (first, last) if part) or email,
        is_admin=node.flag_or_false("is_admin"),
        is_account_owner=node.flag_or_false("is_account_owner"),
        zone=node.lenient_text("timezone"),
        asked_at=asked_at,
    )


def timestamp(node: Node, key: str) -> dt.datetime | None:
    """Return the time in seconds under ``<key>_tsp``, or in text under ``key``; None for neither."""
    seconds = node.value.get(f"{key}_tsp")
    if type(seconds) in (int, float):
        try:
            return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
        except (ValueError, OverflowError, OSError):
            Node(None, node, f"{key}_tsp").fail()
    return node.time_or_none(key)


# -- Owners and users who may launch it


def _run_allowed(template: Node, members: Members) -> tuple[int, ...]:
    """Return the ids of all users with a role, alone or in a group; older releases have plain lists of ids.

    The server writes "None" for a deleted owner.
    """
    found: list[int] = []
    for owner in template.items_or_none("owners"):
        id_ = _number(owner, "source_id")
        if owner.lenient_text("type") == "group":
            found += members.get(str(id_), ())
        elif id_ is not None:
            found.append(id_)
    for item in template.items_or_none("template_owners"):
        found.append(item.itself_integer())
    return tuple(dict.fromkeys(found))


def _owners(template: Node, type_: str) -> tuple[int, ...]:
    """Return the ids of the users or groups with the role of an owner; older releases have no roles, only owners."""
    plain = [item.itself_integer() for item in template.items_or_none("template_owners") if type_ == "user"]
    return (*plain, *_with_role(template, type_))


def _with_role(template: Node, type_: str) -> tuple[int, ...]:
    return tuple(
        id_
        for owner in template.items_or_none("owners")
        if owner.lenient_text("type") == type_
        and owner.value.get("role", "owner") == "owner"
        and (id_ := _number(owner, "source_id")) is not None
    )


def _number(node: Node, key: str) -> int | None:
    """Return an id, which may be a text; None for anything else."""
    text = node.lenient_text(key)
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    return node.lenient_integer(key)


# -- The form


def _kickoff_of(template: Node, options: OptionReader, *, is_draft: bool) -> Kickoff:
    """Return the form; an empty one for an unfinished draft, which cannot be launched anyway."""
    try:
        return _kickoff(template, options)
    except UnexpectedResponse:
        if is_draft:
            return Kickoff()
        raise


def _kickoff(template: Node, options: OptionReader) -> Kickoff:
    if template.is_null("kickoff"):
        return Kickoff()
    node = template.child("kickoff")
    return Kickoff(
        description=node.text_or_empty("description"),
        fields=tuple(_fields(node, options)),
        fieldsets=tuple(_fieldset(fieldset) for fieldset in _fieldsets(node)),
    )


def _fields(form: Node, options: OptionReader) -> list[FieldDefinition]:
    """Return the fields of a form or a task: they and its fieldsets are one list, higher ``order`` first."""
    parts = [
        (field.order, [field]) for node in form.items_or_none("fields") for field in [_field(node, options)]
    ]
    for fieldset in form.items_or_none("fieldsets"):
        inside = [_field(node, options, fieldset) for node in fieldset.items_or_none("fields")]
        parts.append((_place(fieldset), sorted(inside, key=_order, reverse=True)))
    parts.sort(key=itemgetter(0), reverse=True)
    return [field for _place, fields in parts for field in fields]


def _places(kickoff: Node) -> Iterator[tuple[Node | None, Node]]:
    """Yield every field with its fieldset."""
    for field in kickoff.items_or_none("fields"):
        yield None, field
    for fieldset in _fieldsets(kickoff):
        for field in fieldset.items_or_none("fields"):
            yield fieldset, field


def _fieldsets(kickoff: Node) -> list[Node]:
    return sorted(kickoff.items_or_none("fieldsets"), key=_place, reverse=True)


def _place(node: Node) -> int:
    return node.lenient_integer("order") or 0


def _order(field: FieldDefinition) -> int:
    return field.order


def _field(node: Node, options: OptionReader, fieldset: Node | None = None) -> FieldDefinition:
    type_ = node.text("type")
    selections = options.selections(node) if type_ in WITH_SELECTIONS else ()
    return FieldDefinition(
        api_name=node.text("api_name"),
        name=node.text_or_empty("name"),
        type=type_,
        description=node.text_or_empty("description"),
        is_required=node.flag_or_false("is_required"),
        order=node.lenient_integer("order") or 0,
        selections=selections or (),
        default=_default(node.value.get("default")),
        is_hidden=node.flag_or_false("is_hidden"),
        max_length=MAX_STRING_CHARACTERS if type_ == "string" else None,
        fieldset=_fieldset_name(fieldset) if fieldset is not None else "",
        options_unknown=selections is None,
    )


def _default(value: Any) -> str:
    if type(value) is str:
        return value
    return str(value) if type(value) in (int, float) else ""


def _fieldset_name(node: Node) -> str:
    """Return the api_name, or the path without one: nothing is sent under this name."""
    return node.lenient_text("api_name") or node.path


def _fieldset(node: Node) -> Fieldset:
    return Fieldset(
        api_name=_fieldset_name(node),
        # Older releases have no title and show the name.
        title=node.text_or_empty("title" if "title" in node.value else "name"),
        description=node.text_or_empty("description"),
        order=node.lenient_integer("order") or 0,
        rules=(*_flat_rules(node), *_rulesets(node)),
    )


def _flat_rules(fieldset: Node) -> Iterator[RuleGroup]:
    """Yield the rules of one type as alternatives: the server requires one of them."""
    alternatives: dict[str, list[tuple[FieldsetRule, ...]]] = {}
    for node in fieldset.items_or_none("rules"):
        fields = tuple(item.value for item in node.items_or_none("fields") if type(item.value) is str)
        type_ = node.lenient_text("type")
        alternatives.setdefault(type_, []).append((_rule(type_, _default(node.value.get("value")), fields),))
    for rules in alternatives.values():
        yield RuleGroup(tuple(rules))


def _rulesets(fieldset: Node) -> Iterator[RuleGroup]:
    """Yield the rules in the shape of newer releases."""
    for node in fieldset.items_or_none("rulesets"):
        fields = tuple(item.value for item in node.items_or_none("fields") if type(item.value) is str)
        yield RuleGroup(
            tuple(
                tuple(
                    _rule(rule.lenient_text("operator"), _default(rule.value.get("value")), fields)
                    for rule in group.items_or_none("groups_and")
                )
                for group in node.items_or_none("groups_or")
            ),
            message=node.text_or_empty("message"),
        )


def _rule(name: str, value: str, fields: tuple[str, ...]) -> FieldsetRule:
    kind = _KINDS.get(name, RuleKind.OTHER)
    # Without fields only the server can check the sum.
    return FieldsetRule(kind if fields else RuleKind.OTHER, value, fields)


# -- Tasks


def _tasks(template: Node, options: OptionReader, *, is_draft: bool) -> list[Task]:
    """Return the tasks in order. A draft is stored as the author's client sent it, so any task may be unfinished."""
    if is_draft:
        listed = template.value.get("tasks")
        nodes = Node(listed if type(listed) is list else [], template, "tasks").members()
        tasks = [
            _task_of_draft(node, options, at) for at, node in enumerate(nodes, 1) if type(node.value) is dict
        ]
    else:
        tasks = [_task(node, options, at) for at, node in enumerate(template.items_or_none("tasks"), 1)]
    return sorted(tasks, key=lambda task: task.number)


def _task_of_draft(node: Node, options: OptionReader, position: int) -> Task:
    try:
        return _task(node, options, position)
    except UnexpectedResponse:
        return Task(id=0, number=node.lenient_integer("number") or position, name=node.lenient_text("name"))


def _task(node: Node, options: OptionReader, position: int) -> Task:
    performers = list(node.items_or_none("raw_performers"))
    fields = _fields(node, options)
    return Task(
        id=node.lenient_integer("id") or 0,
        number=node.lenient_integer("number") or position,
        name=node.text_or_empty("name"),
        description=node.text_or_empty("description"),
        delay=node.delay_or_none("delay"),
        require_completion_by_all=node.flag_or_false("require_completion_by_all"),
        is_starter_responsible=any(
            performer.lenient_text("type") == "workflow_starter" for performer in performers
        ),
        responsible=tuple(
            id_
            for performer in performers
            if performer.lenient_text("type") == "user"
            and (id_ := _number(performer, "source_id")) is not None
        ),
        dynamic_performers=tuple(
            DynamicPerformer(
                api_name=performer.lenient_text("source_id"), name=performer.lenient_text("label")
            )
            for performer in performers
            if performer.lenient_text("type") == "field"
        ),
        other_performers=tuple(
            performer.lenient_text("label") or performer.lenient_text("type")
            for performer in performers
            if performer.lenient_text("type") not in {"user", "field", "workflow_starter"}
        ),
        fields=tuple(sorted(fields, key=_order, reverse=True)),
    )

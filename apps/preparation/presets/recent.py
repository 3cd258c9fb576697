"""The last launch of a user, and the last values of each field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.kickoff.fields import AnswerError, KickoffField, create
from apps.launches.models import Launch
from apps.launches.submission.submission import kickoff_of
from apps.pneumatic.canonical.schemas import FieldDefinition
from apps.preparation.models import PrivateField
from apps.workflow_templates.models import Template, TemplateVersion

MAX_VALUES = 10
LAUNCHES_READ = 30


@dataclass(frozen=True, slots=True)
class RecentValue:
    """A value that the user gave before, as text, and the controls that show it."""

    text: str
    controls: Sequence[str]


def last_launch(user: User, template: Template) -> Launch | None:
    """Return the last launch of ``template`` by ``user``, with its version."""
    found = Launch.objects.filter(launched_by=user, template=template).select_related("version")
    return found.order_by("-created_at", "-id").first()


def private_fields(template: Template) -> set[str]:
    """Return the api_names of the fields whose recent values are not offered."""
    return set(PrivateField.objects.filter(template=template).values_list("api_name", flat=True))


def recent_values(
    user: User, template: Template, definitions: Sequence[FieldDefinition]
) -> Mapping[str, Sequence[RecentValue]]:
    """Return the last ``MAX_VALUES`` different values of each field, newest first, by api_name.

    ``definitions`` are those of the current form. The values come from the last launches of ``user``, in three queries.
    Files, hidden and private fields have none. A value that the form no longer offers is left out.
    """
    launches = Launch.objects.filter(launched_by=user, template=template).order_by("-created_at", "-id")
    stored = list(launches.values_list("answers", "version_id")[:LAUNCHES_READ])
    if not stored:
        return {}
    private = private_fields(template)
    current = _by_api_name(definitions)
    fields = {template.current_version_id: current}
    older = {version_id for _answers, version_id in stored} - set(fields)
    for pk, version in TemplateVersion.objects.in_bulk(older).items():
        fields[pk] = _by_api_name(kickoff_of(version).fields)
    found: dict[str, dict[tuple[str, ...], RecentValue]] = {}
    for api_name, field in current.items():
        if field.holds_files or field.definition.is_hidden or field.notice or api_name in private:
            continue
        values = found.setdefault(api_name, {})
        for answers, version_id in stored:
            value = _value(field, fields[version_id].get(api_name), answers.get(api_name))
            if value is not None and len(values) < MAX_VALUES:
                values.setdefault(tuple(value.controls), value)
    return {api_name: list(values.values()) for api_name, values in found.items() if values}


def _value(field: KickoffField[Any], before: KickoffField[Any] | None, data: Any) -> RecentValue | None:
    """Return the stored answer to ``before`` as a value of ``field``; None where it is none."""
    if before is None or data is None:
        return None
    try:
        value = before.from_json(data)
    except AnswerError:
        return None
    kept, lost = field.carry_over(before, before.initial(value))
    return RecentValue(str(before.describe(value)), kept) if kept and not lost else None


def _by_api_name(definitions: Sequence[FieldDefinition]) -> dict[str, KickoffField[Any]]:
    fields: dict[str, KickoffField[Any]] = {}
    for definition in definitions:
        fields.setdefault(definition.api_name, create(definition))
    return fields

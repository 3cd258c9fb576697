"""The defaults of a template's fields, and the values of its hidden fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from apps.kickoff.fields import AnswerError, KickoffField
from apps.kickoff.lookups import Lookups
from apps.pneumatic.canonical.schemas import Value
from apps.workflow_templates.words import quoted


@dataclass(frozen=True, slots=True)
class Default:
    """A valid default: the controls that show it, and its value."""

    controls: list[str]
    value: Value


def good_default(field: KickoffField[Any], form_field: forms.Field, lookups: Lookups) -> Default | None:
    """Return the default of ``field``; None where there is none, or an invalid one."""
    if not field.definition.default:
        return None
    try:
        controls = field.from_default(lookups)
        posted = form_field.widget.value_from_datadict(MultiValueDict({"": controls}), MultiValueDict(), "")
        value = field.to_value(form_field.clean(posted))
    except (AnswerError, ValidationError):
        return None
    return None if value is None else Default(controls, value)


@dataclass(frozen=True, slots=True)
class HiddenField:
    """A field that users do not see, with the ``value`` that it sends; ``blocker`` is why it prevents a launch."""

    field: KickoffField[Any]
    value: Value | None
    blocker: str


def hidden_field(field: KickoffField[Any], lookups: Lookups) -> HiddenField:
    """Return a hidden field with its value."""
    default = good_default(field, field.form_field(lookups), lookups)
    if default is not None:
        return HiddenField(field, default.value, "")
    return HiddenField(field, None, _blocker(field) if field.definition.is_required else "")


def _blocker(field: KickoffField[Any]) -> str:
    if field.blocker:
        return field.blocker
    words = {"field": field.label, "default": quoted(field.definition.default)}
    if field.definition.default.strip():
        return (
            _(
                "“%(field)s” is hidden and required, but its default %(default)s is not a valid value. In Pneumatic, "
                "the template's author can correct the default, make the field optional, or show it."
            )
            % words
        )
    return (
        _(
            "“%(field)s” is hidden and required, but it has no default. In Pneumatic, the template's author can add "
            "one, make the field optional, or show it."
        )
        % words
    )

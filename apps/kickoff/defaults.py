"""What the template's author has answered already: the defaults of fields, and what hidden fields carry."""

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
    """A default that is a good answer: the controls that show it, and its value."""

    controls: list[str]
    value: Value


def good_default(field: KickoffField[Any], form_field: forms.Field, lookups: Lookups) -> Default | None:
    """Return the default of ``field``; None where there is none, or one that the form would not take."""
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
    """A field that is asked of nobody; ``value`` is what it carries, ``blocker`` why nothing can be launched so."""

    field: KickoffField[Any]
    value: Value | None
    blocker: str


def hidden_field(field: KickoffField[Any], lookups: Lookups) -> HiddenField:
    """Return what a hidden field carries."""
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
                "“%(field)s” is hidden and must be answered, but its default %(default)s is no answer that Pneumatic "
                "takes. In Pneumatic, the template's author can correct the default, make the field optional, or show "
                "it."
            )
            % words
        )
    return (
        _(
            "“%(field)s” is hidden and must be answered, but it has no default. In Pneumatic, the template's author "
            "can give it one, make the field optional, or show it."
        )
        % words
    )

"""What templates show of a form: a row for each field, in sections, and a problem for each error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.kickoff.fields import KickoffField
from apps.kickoff.names import FIND_PREFIX

NAME_CONTROL = "name"
NAME_ID = "id_name"


@dataclass(frozen=True, slots=True)
class FormProblem:
    """An error; ``target`` is the id of the control to correct, '' where it is the whole form."""

    message: str
    label: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field as the page shows it. ``id`` is the element that a link to this field leads to."""

    id: str
    control: str
    label: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[str] = ()
    description: str = ""
    notice: str = ""
    is_required: bool = False
    is_group: bool = False
    key: str = ""
    template_id: int | None = None
    limit: int | None = None  # the most characters
    is_pattern: bool = False  # {{...}} does not count
    notes: Sequence[str] = ()  # about the value of the control
    addition: str = ""  # safe HTML below it

    @classmethod
    def unsupported(
        cls, kickoff_field: KickoffField[Any], row_id: str, *, notice: str, errors: Sequence[str] = ()
    ) -> FieldRow:
        """Return a row that says why the field cannot be answered here."""
        return cls(
            id=row_id,
            control="",
            label=kickoff_field.label,
            template="kickoff/widgets/unsupported.html",
            description=kickoff_field.definition.description,
            notice=notice,
            errors=errors,
            is_required=kickoff_field.definition.is_required,
        )

    @property
    def describedby(self) -> str:
        """Return the ids of the texts that belong to the control."""
        ids = [f"{self.id}_help"] if self.description.strip() else []
        ids += [f"{self.id}_error"] if self.errors else []
        ids += [f"{self.id}_limit"] if self.limit is not None else []
        ids += [f"{self.id}_notes"] if self.notes else []
        return " ".join(ids)

    @property
    def find_control(self) -> str:
        """Return the name of the box that searches the options."""
        return FIND_PREFIX + self.key

    @property
    def search_url(self) -> str:
        """Return the URL that scripts search for options; '' if there is none."""
        if self.context.get("finds_people"):
            return reverse("people-search")
        if self.template_id is None:
            return ""
        return f"{reverse('kickoff-options', args=[self.template_id])}?{urlencode({'field': self.key})}"


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together: those of a fieldset, or (without an ``id``) those of none.

    ``rules`` are sentences about its numbers. A fieldset without a title is only separated visually.
    """

    rows: Sequence[FieldRow]
    id: str = ""
    title: str = ""
    description: str = ""
    rules: Sequence[str] = ()
    errors: Sequence[str] = ()

    @property
    def describedby(self) -> str:
        """Return the ids of the texts that belong to all of it."""
        texts = {"help": self.description.strip(), "rules": self.rules, "error": self.errors}
        return " ".join(f"{self.id}_{name}" for name, text in texts.items() if text)


def duplicate_notice(first: KickoffField[Any]) -> str:
    """Return why a second field with the api_name of ``first`` cannot be answered."""
    if first.definition.is_hidden:
        return _(
            "This field has the same API name as the hidden field “%(first)s”. Pneumatic accepts one answer for "
            "both: the default of the hidden field."
        ) % {"first": first.label}
    return _(
        "This field has the same API name as “%(first)s”. Pneumatic accepts one answer for both: "
        "the one to that field."
    ) % {"first": first.label}

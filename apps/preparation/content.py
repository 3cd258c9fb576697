"""The answers of a prepared launch, and the controls of a form that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.datastructures import MultiValueDict

from apps.kickoff.fields import answers_from_json, create
from apps.kickoff.names import control_name
from apps.kickoff.rows import NAME_CONTROL
from apps.kickoff.transfer import with_empty_controls
from apps.launches.submission import urgency
from apps.launches.submission.urgency import UrgencyInput
from apps.pneumatic.canonical.schemas import FieldDefinition

Controls = MultiValueDict[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """What is launched, as far as it was given.

    ``answers`` are valid ones, as a launch stores them: api_name -> JSON of the canonical value. ``typed`` has, by the
    name of the control, the texts that are no valid answer, or that were not checked yet; they replace an answer to
    the same field. A field with neither is left empty, even if it has a default.
    """

    name: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    urgency: UrgencyInput = field(default_factory=UrgencyInput)

    def columns(self) -> dict[str, Any]:
        """Return the columns of ``PreparedLaunch`` that store this."""
        return {
            "workflow_name": self.name,
            "answers": dict(self.answers),
            "typed": {name: list(values) for name, values in self.typed.items()},
            "is_urgent": self.urgency.is_urgent,
            "due": self.urgency.typed,
        }

    def controls(self, definitions: Sequence[FieldDefinition]) -> Controls:
        """Return the values that a form with these fields shows; an empty list for a field that was left empty."""
        shown: Controls = with_empty_controls(MultiValueDict(), definitions)
        for answer in answers_from_json(definitions, self.answers):
            if not answer.field.is_hidden:
                name = control_name(answer.field.api_name)
                shown.setlist(name, create(answer.field).initial(answer.value))
        for name, values in {**self.typed, **self.urgency.controls}.items():
            shown.setlist(name, list(values))
        shown.setlist(NAME_CONTROL, [self.name])
        return shown


def typed_content(controls: Controls) -> Content:
    """Return ``controls`` as content that was not checked, without any query."""
    kept = {
        name.replace("\0", ""): texts
        for name, values in controls.lists()
        if name not in _SEPARATE and any(texts := [str(value).replace("\0", "") for value in values])
    }
    name = "".join(map(str, controls.getlist(NAME_CONTROL)[-1:])).replace("\0", "")
    return Content(name=name, typed=kept, urgency=urgency.read(dict(controls.lists())))


# Controls that have columns.
_SEPARATE = {NAME_CONTROL, urgency.URGENT, urgency.DUE}

"""The base class of field types: control, canonical value, JSON and text of an answer.

A value takes four forms. *Controls* are the strings that a form posts for a field (``list[str]``: one for a line of
text, one per ticked box, an upload id per file); they are also what prefills a form. ``to_value`` makes the *canonical*
value of ``schemas`` from what the form field cleaned. ``to_json`` is how a launch stores it, ``describe`` how people
read it. The request to Pneumatic is made by the dialect, not here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from apps.core.answers import AnswerText, field_label
from apps.kickoff.lookups import Lookups
from apps.pneumatic.canonical.schemas import FieldDefinition, Value

SEARCH_TEMPLATE = "kickoff/widgets/search.html"

V = TypeVar("V", bound=Value)
Text = str | Promise


class AnswerError(ValueError):
    """An invalid prefilled or stored answer; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice in a control; ``note`` distinguishes options with the same label, ``badge`` is a warning."""

    value: str
    label: str
    note: str = ""
    badge: str = ""
    checked: bool = False


@dataclass(frozen=True, slots=True)
class ControlState:
    """What a control shows: its values, the form's lookups, and the text in its search box."""

    values: Sequence[str]
    lookups: Lookups
    find: str = ""  # what was typed into the search box of its options


class KickoffField(ABC, Generic[V]):
    """A field definition together with what its type can do."""

    type_name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    accepts: ClassVar[frozenset[str]] = frozenset()  # other types whose answers are valid for this one
    template_name: ClassVar[str]
    required_message: ClassVar[Text] = gettext_lazy("Write an answer: this field is required.")
    is_group: ClassVar[bool] = False
    holds_files: ClassVar[bool] = False

    def __init__(self, definition: FieldDefinition) -> None:
        self.definition = definition

    @property
    def label(self) -> str:
        """Return the name that people read."""
        return field_label(self.definition.name, self.definition.api_name)

    @property
    def template(self) -> str:
        """Return the template of the control."""
        return self.template_name

    @property
    def grouped(self) -> bool:
        """Return whether the control is several inputs under one legend."""
        return self.is_group

    @property
    def is_searched(self) -> bool:
        """Return whether there is a search box for the options."""
        return self.template == SEARCH_TEMPLATE

    @property
    def limit(self) -> int | None:
        """Return how many characters the answer may have at most; None for any number, or no text."""
        return None

    @property
    def blocker(self) -> str:
        """Return why no launch is possible because of this field, or ''."""
        return ""

    @property
    def notice(self) -> str:
        """Return why this field cannot be answered here, or ''."""
        return ""

    @abstractmethod
    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return the Django form field that cleans what was posted."""

    @abstractmethod
    def to_value(self, cleaned: Any) -> V | None:
        """Return the canonical value of what the form field cleaned; None for "no answer"."""

    @abstractmethod
    def initial(self, value: V) -> list[str]:
        """Return the controls that show ``value``."""

    @abstractmethod
    def to_json(self, value: V) -> Any:
        """Return ``value`` as a launch stores it."""

    @abstractmethod
    def from_json(self, data: Any) -> V:
        """Return the value that ``to_json`` stored; raise AnswerError for anything else."""

    @abstractmethod
    def describe(self, value: V) -> AnswerText:
        """Return ``value`` as people read it."""

    @abstractmethod
    def context(self, state: ControlState) -> dict[str, Any]:
        """Return the context for the template of the control."""

    def from_default(self, lookups: Lookups) -> list[str]:
        """Return the controls for the default of the template, [] for none.

        Raise AnswerError for an invalid default.
        """
        return self.parse_link_values([self.definition.default], lookups)

    def people_in(self, values: Sequence[str]) -> list[int]:
        """Return the ids of people in the posted ``values``, so that a form looks them all up at once."""
        return []

    def groups_in(self, values: Sequence[str]) -> list[int]:
        """Return the ids of groups in the posted ``values``, so that a form looks them all up at once."""
        return []

    def files_in(self, values: Sequence[str]) -> list[str]:
        """Return the upload ids in the posted ``values``, so that a form looks them all up at once."""
        return []

    def parse_link_values(self, values: Sequence[str], lookups: Lookups) -> list[str]:
        """Return the controls for the values in a prefilled link; raise AnswerError for invalid ones."""
        return [value for value in values if value]

    def carry_over(self, old: KickoffField[Any], values: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return (the controls that are still valid, the other values as text) of an answer to an earlier version."""
        kept = [value for value in values if value]
        if self.takes_over_from(old):
            return kept, []
        return [], old.display_values(kept)

    def takes_over_from(self, old: KickoffField[Any]) -> bool:
        """Return whether answers to ``old`` can be answers to this field."""
        return old.type_name == self.type_name or old.type_name in self.accepts

    def display_values(self, values: Sequence[str]) -> list[str]:
        """Return posted ``values`` as users know them, for a sentence about them."""
        return list(values)

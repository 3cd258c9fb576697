"""The base of the types with selections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.answers import AnswerPart, AnswerText, option_part
from apps.core.searching import one_line, without_case
from apps.core.text.visible import first_visible
from apps.kickoff.fields.base import SEARCH_TEMPLATE, AnswerError, ControlState, KickoffField, Option
from apps.kickoff.lookups import HITS, Lookups

MAX_LISTED_OPTIONS = 15  # more options than this are searched, not listed

V = TypeVar("V", str, tuple[str, ...])


class ChoiceField(KickoffField[V]):
    """A field that is answered by keys of its selections."""

    required_message = gettext_lazy("Choose one of the options: this field is required.")

    @cached_property
    def offered(self) -> dict[str, str]:
        """Return the labels of the selections by key, in order; a selection without a key cannot be chosen."""
        labels: dict[str, str] = {}
        for number, selection in enumerate(self.definition.selections, start=1):
            if selection.key:
                text = first_visible(selection.label, selection.key)
                labels.setdefault(selection.key, text or _("Option %(number)d") % {"number": number})
        return labels

    @property
    def is_long(self) -> bool:
        """Return whether there are too many options to list them all."""
        return len(self.offered) > MAX_LISTED_OPTIONS

    @property
    def blocker(self) -> str:
        """Return why no launch is possible when an answer is required and there are no options."""
        if self.offered or not self.definition.is_required:
            return ""
        words = {"field": self.label}
        if self.definition.options_unknown:
            return (
                _(
                    "“%(field)s” is required, but its options come from a data set that the API key cannot read. "
                    "Use the API key of a user who can, or launch this template in Pneumatic."
                )
                % words
            )
        return _("“%(field)s” is required, but the template has no options for it.") % words

    @property
    def notice(self) -> str:
        """Return why nothing can be chosen."""
        if self.offered:
            return ""
        if self.definition.options_unknown:
            return _(
                "The options of this field come from a data set that the API key cannot read. Nothing is sent for it."
            )
        return _("The template has no options for this field.")

    def check_keys(self, keys: Iterable[str]) -> list[str]:
        """Return the keys, each once; raise ValidationError for one that is not available.

        A browser writes its own ends of lines into a key that has several.
        """
        wanted = list(
            dict.fromkeys(key if key in self.offered else key.replace("\r\n", "\n") for key in keys)
        )
        for key in wanted:
            if key not in self.offered:
                raise ValidationError(
                    _("The option “%(option)s” is not available. Choose another one.") % {"option": key[:80]}
                )
        return wanted

    def parse_link_values(self, values: Sequence[str], lookups: Lookups) -> list[str]:
        """Return the keys of the options that a link names by key or label."""
        keys = []
        for value in filter(None, values):
            key = self.key_for(value)
            if key is None:
                raise AnswerError(_("“%(option)s” is not an available option.") % {"option": value[:80]})
            keys.append(key)
        return keys

    def carry_over(self, old: KickoffField[Any], values: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the keys that are still available, by key or by equal label, and the labels of the others."""
        chosen = [value for value in values if value]
        if not self.takes_over_from(old) or not isinstance(old, ChoiceField):
            return [], old.display_values(chosen)
        kept, lost = [], []
        for value in chosen:
            key = self.key_of_same_option(old, value)
            if key is None:
                lost.append(old.offered.get(value, value))
            else:
                kept.append(key)
        return kept, lost

    def key_of_same_option(self, old: ChoiceField[Any], key: str) -> str | None:
        """Return the key of the option that has ``key`` in an older form; None where it is gone or could be several.

        The text counts, because that is what the user chose. An upgrade of the server, or an edit of the template, can
        give the key to another option, or make the text of one option the key of another.
        """
        label = old.offered.get(key, key)
        if self.offered.get(key) == label:
            return key
        same = [found for found, text in self.offered.items() if text == label]
        if same:
            return same[0] if len(same) == 1 else None
        others = {text for found, text in old.offered.items() if found != key}
        renamed = self.offered.get(key, key)
        if renamed != key and renamed not in others:
            return key
        alike = [found for found, text in self._with_label(label) if text not in others]
        return alike[0] if len(alike) == 1 else None

    def key_for(self, text: str) -> str | None:
        """Return the offered key that is ``text``, else the first one whose label is, else None.

        Accents do not count where one label alone fits without them.
        """
        if text in self.offered:
            return text
        alike = self._with_label(text)
        if alike:
            return next((key for key, label in alike if label == text), alike[0][0])
        folded = self._by_folded_label.get(one_line(text), [])
        return folded[0][0] if len(folded) == 1 else None

    def _with_label(self, text: str) -> list[tuple[str, str]]:
        """Return keys and labels of the options with this label, except for case and blanks."""
        return self._by_label.get(without_case(text), [])

    @cached_property
    def _by_label(self) -> dict[str, list[tuple[str, str]]]:
        return self._indexed(without_case)

    @cached_property
    def _by_folded_label(self) -> dict[str, list[tuple[str, str]]]:
        return self._indexed(one_line)

    def _indexed(self, index: Callable[[str], str]) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for key, label in self.offered.items():
            found.setdefault(index(label), []).append((key, label))
        return found

    def display_values(self, values: Sequence[str]) -> list[str]:
        """Return the labels of posted keys."""
        return [self.offered.get(value, value) for value in values]

    def part(self, key: str) -> AnswerPart:
        """Return a chosen option as people read it."""
        return option_part(self.offered.get(key, key), is_offered=key in self.offered)

    def options(self, keys: Sequence[str]) -> list[Option]:
        """Return all options; those in ``keys`` are chosen."""
        return [Option(key, label, checked=key in keys) for key, label in self.offered.items()]

    def search(self, query: str) -> list[Option]:
        """Return at most ``HITS`` options that hold every word of ``query``; those that begin with it come first."""
        text = one_line(query)
        words = text.split()
        hits = []
        for key, label in self.offered.items():
            folded = one_line(label)
            if all(word in folded for word in words):
                hits.append((not folded.startswith(text), Option(key, label)))
        hits.sort(key=lambda hit: hit[0])
        return [option for _is_later, option in hits[:HITS]]


class KeyField(forms.Field):
    """The key of one available option."""

    def __init__(self, field: ChoiceField[Any], **kwargs: Any) -> None:
        super().__init__(required=field.definition.is_required, **kwargs)
        self.error_messages["required"] = field.required_message
        self.field = field

    def to_python(self, value: Any) -> str:
        """Return the key."""
        return "".join(self.field.check_keys([str(value)])) if value else ""


class OneChoiceField(ChoiceField[str]):
    """A field that is answered by the key of one selection."""

    @property
    def template(self) -> str:
        """Return the template of the control: a search for a long list."""
        return SEARCH_TEMPLATE if self.is_long else self.template_name

    @property
    def grouped(self) -> bool:
        """Return whether the control is several inputs under one legend."""
        return self.is_long or self.is_group

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for the key of one option."""
        return KeyField(self)

    def to_value(self, cleaned: Any) -> str | None:
        """Return the key."""
        return cleaned or None

    def initial(self, value: str) -> list[str]:
        """Return the key."""
        return [value]

    def to_json(self, value: str) -> Any:
        """Return the key."""
        return value

    def from_json(self, data: Any) -> str:
        """Return the stored key."""
        if not isinstance(data, str):
            raise AnswerError(_("The stored answer is not a valid option."))
        return data

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return the options: all of them, or for a long list the chosen one and those that were searched."""
        chosen = [value for value in state.values if value in self.offered][-1:]
        if not self.is_long:
            return {"options": self.options(chosen), "nothing_chosen": not chosen, "type": "radio"}
        found = self.search(state.find) if state.find else []
        options = [Option(key, self.offered[key], checked=True) for key in chosen]
        options += [option for option in found if option.value not in chosen]
        return {
            "options": options,
            "nothing_chosen": not chosen,
            "find": state.find,
            "hits": len(found) if state.find else None,
            "is_cut": len(found) == HITS,
        }

    def describe(self, value: str) -> AnswerText:
        """Return the label of the chosen option."""
        return AnswerText((self.part(value),))

"""Somebody of the Pneumatic account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.numbers import read_number
from apps.core.people import Person
from apps.kickoff.fields.base import (
    SEARCH_TEMPLATE,
    AnswerError,
    Asked,
    Described,
    KickoffField,
    Option,
    Part,
)
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import HITS, Lookups
from apps.pneumatic.schemas import UserValue


def gone_sentence(person: Person) -> str:
    """Return why somebody who was chosen before cannot be chosen any more."""
    return _("%(name)s is no longer in Pneumatic. Choose somebody else.") % {"name": person.name}


class PersonField(forms.Field):
    """Somebody who exists in Pneumatic now."""

    def __init__(self, lookups: Lookups, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lookups = lookups

    def to_python(self, value: Any) -> Person | None:
        """Return the chosen person."""
        text = str(value or "").strip()
        if not text:
            return None
        id_ = read_number(text)
        person = self.lookups.load_people([id_]).get(id_) if id_ is not None else None
        if person is None:
            raise ValidationError(_("This person is not known here. Choose another one."))
        if person.status == "removed":
            raise ValidationError(gone_sentence(person))
        return person


@register
class UserField(KickoffField[UserValue]):
    """``user``: one person, found by name or e-mail."""

    type_name = "user"
    template_name = SEARCH_TEMPLATE
    required_message = gettext_lazy("Choose a person: this field is required.")
    is_group = True

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for a person."""
        return PersonField(
            lookups, required=self.definition.is_required, error_messages={"required": self.required_message}
        )

    def to_value(self, cleaned: Any) -> UserValue | None:
        """Return the person as an answer."""
        if not isinstance(cleaned, Person):
            return None
        return UserValue(id=cleaned.id, email=cleaned.email, name=cleaned.name)

    def initial(self, value: UserValue) -> list[str]:
        """Return the id."""
        return [str(value.id)]

    def to_json(self, value: UserValue) -> Any:
        """Return id, e-mail and name: the person may be gone when somebody reads it."""
        return {"id": value.id, "email": value.email, "name": value.name}

    def from_json(self, data: Any) -> UserValue:
        """Return the stored person."""
        if not isinstance(data, dict) or not isinstance(data.get("id"), int):
            raise AnswerError(_("The stored answer is no person."))
        return UserValue(id=data["id"], email=str(data.get("email", "")), name=str(data.get("name", "")))

    def describe(self, value: UserValue) -> Described:
        """Return the person's name."""
        name = value.name or value.email or _("User %(id)s") % {"id": value.id}
        return Described((Part(name, note=value.email if value.email != name else ""),))

    def people_in(self, values: Sequence[str]) -> list[int]:
        """Return the id that was posted."""
        return [id_ for value in values[-1:] if (id_ := read_number(value)) is not None]

    def understand(self, values: Sequence[str], lookups: Lookups) -> list[str]:
        """Return the id of the person whom a link names by id or e-mail."""
        if not any(values):
            return []
        wanted = values[-1].strip()
        person = self._named(wanted, lookups)
        if person is None or person.status == "removed":
            raise AnswerError(_("There is nobody “%(who)s” in Pneumatic.") % {"who": wanted[:80]})
        return [str(person.id)]

    def context(self, asked: Asked) -> dict[str, Any]:
        """Return the chosen person and those whom the search found."""
        known = asked.lookups.load_people(self.people_in(asked.values)).values()
        chosen = [person for person in known if person.status != "removed"]
        gone = [person for person in known if person.status == "removed"]
        found = asked.lookups.people.search(asked.find) if asked.find else []
        options = [person_option(person, checked=True) for person in chosen]
        options += [person_option(person) for person in found if person not in chosen]
        return {
            "options": options,
            "nothing_chosen": not chosen,
            "find": asked.find,
            "hits": len(found) if asked.find else None,
            "is_cut": len(found) == HITS,
            "finds_people": True,
            "gone": gone_sentence(gone[0]) if gone else "",
        }

    def spell_out(self, values: Sequence[str]) -> list[str]:
        """Return the ids in words."""
        return [_("user %(id)s") % {"id": value} for value in values]

    def _named(self, wanted: str, lookups: Lookups) -> Person | None:
        id_ = read_number(wanted)
        if id_ is not None:
            return lookups.load_people([id_]).get(id_)
        email = wanted.casefold()
        return next(
            (person for person in lookups.people.search(wanted) if person.email.casefold() == email), None
        )


def person_option(person: Person, *, checked: bool = False) -> Option:
    """Return somebody as a choice; the e-mail address tells namesakes apart."""
    return Option(
        str(person.id),
        person.name,
        note=person.email if person.email != person.name else "",
        badge=_("invited") if person.status == "invited" else "",
        checked=checked,
    )

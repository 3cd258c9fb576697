"""A user of the Pneumatic account, or a group of users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.answers import AnswerText, group_part, person_part, status_badge
from apps.core.identifiers import read_number
from apps.core.people import Group, Person
from apps.core.searching import best_match
from apps.core.text.visible import is_blank
from apps.kickoff.fields.base import SEARCH_TEMPLATE, AnswerError, ControlState, KickoffField, Option
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import HITS, Lookups, People
from apps.pneumatic.canonical.schemas import GroupValue, UserValue

GROUP_PREFIX = "group:"  # of a group's control; a user's is the bare id


def unavailable_message(one: Person | Group) -> str:
    """Return why a user or group that was chosen before can no longer be chosen; '' when it can."""
    words = {"name": one.name}
    if one.status == "inactive":
        return _("%(name)s is deactivated in Pneumatic and cannot be assigned. Choose another user.") % words
    if one.status == "guest":
        return _("%(name)s is a guest in Pneumatic and cannot be chosen. Choose another user.") % words
    if one.status == "removed" and isinstance(one, Group):
        return _("The group %(name)s is no longer in Pneumatic. Choose another one.") % words
    if one.status == "personal":
        return _("%(name)s substitutes a user on vacation and cannot be chosen. Choose another one.") % words
    if isinstance(one, Group) and one.has_twin:  # Pneumatic responds with an error for these
        sentence = _(
            "Several groups in Pneumatic are called “%(name)s”, and it identifies groups by name only. "
            "Choose another one."
        )
        return sentence % words
    if one.status == "removed":
        return _("%(name)s is no longer in Pneumatic. Choose another user.") % words
    return ""


def read_group(control: str) -> int | None:
    """Return the id of the group in a control; None for anything else."""
    return read_number(control.removeprefix(GROUP_PREFIX)) if control.startswith(GROUP_PREFIX) else None


class PersonField(forms.Field):
    """A user or group that tasks in Pneumatic can be assigned to."""

    def __init__(self, lookups: Lookups, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lookups = lookups

    def to_python(self, value: Any) -> Person | Group | None:
        """Return the chosen person or group."""
        text = str(value or "").strip()
        if is_blank(text):
            return None
        chosen = _known(text, self.lookups)
        if chosen is None:
            raise ValidationError(_("This user is unknown. Choose another one."))
        if reason := unavailable_message(chosen):
            raise ValidationError(reason)
        return chosen


@register
class UserField(KickoffField[UserValue | GroupValue]):
    """``user``: one user, found by name or e-mail, or one group."""

    type_name = "user"
    template_name = SEARCH_TEMPLATE
    required_message = gettext_lazy("Choose a user: this field is required.")
    is_group = True

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for a person or a group."""
        return PersonField(
            lookups, required=self.definition.is_required, error_messages={"required": self.required_message}
        )

    def to_value(self, cleaned: Any) -> UserValue | GroupValue | None:
        """Return the person or the group as an answer."""
        if isinstance(cleaned, Group):
            return GroupValue(id=cleaned.id, name=cleaned.name)
        if isinstance(cleaned, Person):
            return UserValue(id=cleaned.id, email=cleaned.email, name=cleaned.name)
        return None

    def initial(self, value: UserValue | GroupValue) -> list[str]:
        """Return the id, that of a group marked as such."""
        return [f"{GROUP_PREFIX}{value.id}" if isinstance(value, GroupValue) else str(value.id)]

    def to_json(self, value: UserValue | GroupValue) -> Any:
        """Return id and names, which may no longer be in Pneumatic when the answer is read."""
        if isinstance(value, GroupValue):
            return {"group": value.id, "name": value.name}
        return {"id": value.id, "email": value.email, "name": value.name}

    def from_json(self, data: Any) -> UserValue | GroupValue:
        """Return the stored person or group."""
        if isinstance(data, dict) and isinstance(data.get("group"), int):
            return GroupValue(id=data["group"], name=str(data.get("name", "")))
        if not isinstance(data, dict) or not isinstance(data.get("id"), int):
            raise AnswerError(_("The stored answer is not a valid user."))
        return UserValue(id=data["id"], email=str(data.get("email", "")), name=str(data.get("name", "")))

    def describe(self, value: UserValue | GroupValue) -> AnswerText:
        """Return the name."""
        if isinstance(value, GroupValue):
            return AnswerText((group_part(Group(value.id, value.name, status="active")),))
        return AnswerText((person_part(Person(value.id, value.name, value.email, status="active")),))

    def people_in(self, values: Sequence[str]) -> list[int]:
        """Return the id of the person who was posted."""
        return [id_ for value in values[-1:] if (id_ := read_number(value)) is not None]

    def groups_in(self, values: Sequence[str]) -> list[int]:
        """Return the id of the group that was posted."""
        return [id_ for value in values[-1:] if (id_ := read_group(value)) is not None]

    def parse_link_values(self, values: Sequence[str], lookups: Lookups) -> list[str]:
        """Return the control of the person whom a link names by id or e-mail, or of the group that it names."""
        if not any(values):
            return []
        wanted = values[-1].strip()
        found = _known(wanted, lookups) or _named(wanted, lookups.people)
        if found is None or found.status == "removed":
            raise AnswerError(_("No user or group “%(who)s” in Pneumatic.") % {"who": wanted[:80]})
        if reason := unavailable_message(found):
            raise AnswerError(reason)
        return [_control(found)]

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return the chosen user or group, and those that the search found."""
        known = [one for value in state.values[-1:] if (one := _known(value, state.lookups)) is not None]
        reasons = [reason for one in known if (reason := unavailable_message(one))]
        chosen = [] if reasons else [as_option(one, checked=True) for one in known]
        found = find(state.lookups.people, state.find) if state.find else []
        kept = {option.value for option in chosen}
        return {
            "options": chosen + [option for option in found if option.value not in kept],
            "nothing_chosen": not chosen,
            "find": state.find,
            "hits": len(found) if state.find else None,
            "is_cut": len(found) == HITS,
            "finds_people": True,
            "gone": "".join(reasons),
        }

    def display_values(self, values: Sequence[str]) -> list[str]:
        """Return the ids as text."""
        return [
            _("user %(id)s") % {"id": value}
            if read_group(value) is None
            else _("group %(id)s") % {"id": read_group(value)}
            for value in values
        ]


def find(people: People, query: str) -> list[Option]:
    """Return at most ``HITS`` matches for ``query``: groups first, at most half of them if there are as many users."""
    persons = people.search(query)
    groups = people.search_groups(query)[: max(HITS // 2, HITS - len(persons))]
    found: list[Person | Group] = [*groups, *persons]
    return [as_option(one) for one in found[:HITS]]


def as_option(one: Person | Group, *, checked: bool = False) -> Option:
    """Return an option with the e-mail address of a user, or the size of a group, as its note."""
    if isinstance(one, Group):
        note = ngettext("group of %(count)d person", "group of %(count)d people", one.size) % {
            "count": one.size
        }
    else:
        note = one.email if one.email != one.name else ""
    return Option(_control(one), one.name, note=note, badge=status_badge(one), checked=checked)


def _control(one: Person | Group) -> str:
    return f"{GROUP_PREFIX}{one.id}" if isinstance(one, Group) else str(one.id)


def _known(control: str, lookups: Lookups) -> Person | Group | None:
    """Return the user or group of a control, or None."""
    person_id, group_id = read_number(control), read_group(control)
    if person_id is not None:
        return lookups.load_people([person_id]).get(person_id)
    return lookups.load_groups([group_id]).get(group_id) if group_id is not None else None


def _named(wanted: str, people: People) -> Person | Group | None:
    """Return the user with this e-mail address, else the group with this name.

    Case does not count, as in Pneumatic, nor do accents where one alone fits without them.
    """
    person = best_match(wanted, ((one, one.email) for one in people.search(wanted)))
    if person is not None:
        return person
    return best_match(wanted, ((group, group.name) for group in people.search_groups(wanted)))

"""Changes between two versions of a kickoff form, as sentences.

Nothing here reads the database. Two forms that are equal have no changes; two that differ have at least one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.answers import field_label
from apps.pneumatic.canonical.schemas import FieldDefinition, Fieldset, Kickoff, Selection
from apps.workflow_templates.rules import quoted_labels, rule_sentences
from apps.workflow_templates.words import field_type, quoted

MAX_OPTIONS_NAMED = 5

Kind = Literal["added", "removed", "changed"]
Item = TypeVar("Item")
# An api_name is unique in a valid form. In any other, a number distinguishes fields with the same one.
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; ``before`` and ``after`` are long texts, Markdown.

    ``api_name`` is that of the field, "" for the form as a whole and for its groups.
    """

    kind: Kind
    sentence: str
    api_name: str = ""
    before: str = ""
    after: str = ""


def compare(old: Kickoff, new: Kickoff) -> list[Change]:
    """Return the changes from ``old`` to ``new``: removed fields first, then the new form from top to bottom."""
    olds = _keyed((field.api_name, field) for field in old.fields)
    news = _keyed((field.api_name, field) for field in new.fields)
    changes = list(_description_change(old, new))
    changes += _fieldset_changes(old, new)
    changes += [_removed(field) for key, field in olds.items() if key not in news]
    moved = _moved([key for key in olds if key in news], [key for key in news if key in olds])
    groups = {fieldset.api_name: _group_title(fieldset) for fieldset in new.fieldsets}
    above: FieldDefinition | None = None
    for key, field in news.items():
        if key not in olds:
            changes.append(_added(field))
        else:
            changes += _field_changes(olds[key], field, groups)
            if key in moved:
                changes.append(_move(field, above))
        above = field
    if not changes and old != new:
        changes.append(Change("changed", _("The fields were renumbered in the same order.")))
    return changes


def ask_for_the_same(old: Kickoff, new: Kickoff) -> bool:
    """Return whether two forms have the same fields and options, whatever a launch sends for an option.

    An upgrade of the server changes no more than that, and the description of the form, which newer releases lack.
    """
    return old.fieldsets == new.fieldsets and _texts(old) == _texts(new)


def _texts(kickoff: Kickoff) -> list[FieldDefinition]:
    """Return the fields with texts instead of keys."""
    return [
        replace(
            field,
            selections=tuple(
                Selection(text, text) for text in dict.fromkeys(option.label for option in field.selections)
            ),
        )
        for field in kickoff.fields
    ]


def _description_change(old: Kickoff, new: Kickoff) -> Iterator[Change]:
    if old.description != new.description:
        if not old.description:
            sentence = _("The form has a description now.")
        elif not new.description:
            sentence = _("The form's description was removed.")
        else:
            sentence = _("The form's description changed.")
        yield Change("changed", sentence, before=old.description, after=new.description)


def _removed(field: FieldDefinition) -> Change:
    sentence = _("%(field)s was removed (%(type)s).") % {
        "field": _title(field),
        "type": field_type(field.type),
    }
    return Change("removed", sentence, field.api_name)


def _added(field: FieldDefinition) -> Change:
    if field.is_hidden:
        text = _("%(field)s is new (%(type)s, hidden).")
    elif field.is_required:
        text = _("%(field)s is new (%(type)s, required).")
    else:
        text = _("%(field)s is new (%(type)s).")
    return Change("added", text % {"field": _title(field), "type": field_type(field.type)}, field.api_name)


def _move(field: FieldDefinition, above: FieldDefinition | None) -> Change:
    if above is None:
        sentence = _("%(field)s moved to the top.") % {"field": _title(field)}
    else:
        sentence = _("%(field)s moved below %(above)s.") % {
            "field": _title(field),
            "above": _title(above),
        }
    return Change("changed", sentence, field.api_name)


def _field_changes(old: FieldDefinition, new: FieldDefinition, groups: Mapping[str, str]) -> Iterator[Change]:
    """Yield the changes of one field except its position; ``groups`` are titles of the new groups by api_name."""
    title = _title(new)
    if old.name != new.name:
        sentence = _("%(old)s was renamed to %(new)s.") % {"old": _title(old), "new": title}
        yield Change("changed", sentence, new.api_name)
    if old.type != new.type:
        sentence = _("The type of %(field)s changed from %(old)s to %(new)s.") % {
            "field": title,
            "new": field_type(new.type),
            "old": field_type(old.type),
        }
        yield Change("changed", sentence, new.api_name)
    if old.is_required != new.is_required:
        text = _("%(field)s is required now.") if new.is_required else _("%(field)s is optional now.")
        yield Change("changed", text % {"field": title}, new.api_name)
    if old.description != new.description:
        if not old.description:
            text = _("%(field)s has a description now.")
        elif not new.description:
            text = _("The description of %(field)s was removed.")
        else:
            text = _("The description of %(field)s changed.")
        yield Change("changed", text % {"field": title}, new.api_name, old.description, new.description)
    for sentence in _later_changes(old, new, title, groups):
        yield Change("changed", sentence, new.api_name)
    yield from _option_changes(old, new)


def _later_changes(
    old: FieldDefinition, new: FieldDefinition, title: str, groups: Mapping[str, str]
) -> Iterator[str]:
    """Yield sentences about the attributes that only the current API reports."""
    if old.is_hidden != new.is_hidden:
        text = _("%(field)s is hidden now.") if new.is_hidden else _("%(field)s is no longer hidden.")
        yield text % {"field": title}
    if old.default != new.default:
        if not old.default:
            text = _("%(field)s has a default now: %(new)s.")
        elif not new.default:
            text = _("The default of %(field)s was removed: %(old)s.")
        else:
            text = _("The default of %(field)s changed from %(old)s to %(new)s.")
        yield text % {"field": title, "new": quoted(new.default), "old": quoted(old.default)}
    if old.max_length != new.max_length:
        if new.max_length is None:
            yield _("%(field)s has no length limit now.") % {"field": title}
        else:
            text = ngettext(
                "%(field)s takes at most %(limit)d character now.",
                "%(field)s takes at most %(limit)d characters now.",
                new.max_length,
            )
            yield text % {"field": title, "limit": new.max_length}
    if old.fieldset != new.fieldset:
        text = (
            _("%(field)s moved to the group %(group)s.")
            if new.fieldset
            else _("%(field)s was removed from its group.")
        )
        yield text % {"field": title, "group": groups.get(new.fieldset) or quoted(new.fieldset)}
    if old.options_unknown != new.options_unknown:
        text = (
            _("The API key can no longer read the options of %(field)s.")
            if new.options_unknown
            else _("The API key can read the options of %(field)s now.")
        )
        yield text % {"field": title}


def _fieldset_changes(old: Kickoff, new: Kickoff) -> Iterator[Change]:
    """Yield the changes of the groups of fields: removed ones first, then from top to bottom."""
    olds = _keyed((fieldset.api_name, fieldset) for fieldset in old.fieldsets)
    news = _keyed((fieldset.api_name, fieldset) for fieldset in new.fieldsets)
    for key, fieldset in olds.items():
        if key not in news:
            yield Change("removed", _("The group %(group)s was removed.") % {"group": _group_title(fieldset)})
    for key, fieldset in news.items():
        if key not in olds:
            yield Change("added", _("The group %(group)s is new.") % {"group": _group_title(fieldset)})
        else:
            yield from _changes_of_fieldset(olds[key], fieldset)
            yield from _rule_changes(old, new, olds[key], fieldset)
    if [key for key in olds if key in news] != [key for key in news if key in olds]:
        yield Change("changed", _("The order of the groups changed."))


def _changes_of_fieldset(old: Fieldset, new: Fieldset) -> Iterator[Change]:
    title = _group_title(new)
    if old.title != new.title:
        words = {"old": _group_title(old), "new": title}
        yield Change("changed", _("The group %(old)s was renamed to %(new)s.") % words)
    if old.description != new.description:
        if not old.description:
            text = _("The group %(group)s has a description now.")
        elif not new.description:
            text = _("The description of the group %(group)s was removed.")
        else:
            text = _("The description of the group %(group)s changed.")
        yield Change("changed", text % {"group": title}, before=old.description, after=new.description)


def _rule_changes(old: Kickoff, new: Kickoff, before: Fieldset, after: Fieldset) -> Iterator[Change]:
    """Yield removed and new rules; a field that was only renamed changes no rule."""
    if before.rules == after.rules:
        return
    labels = {**quoted_labels(old.fields), **quoted_labels(new.fields)}
    olds, news = rule_sentences(before, labels), rule_sentences(after, labels)
    title = _group_title(after)
    removed = [sentence for sentence in olds if sentence not in news]
    added = [sentence for sentence in news if sentence not in olds]
    for sentence in removed:
        words = {"group": title, "rule": sentence}
        yield Change("removed", _("The group %(group)s lost a rule: %(rule)s") % words)
    for sentence in added:
        words = {"group": title, "rule": sentence}
        yield Change("added", _("The group %(group)s has a new rule: %(rule)s") % words)
    if not removed and not added:
        yield Change(
            "changed",
            _("The rules of the group %(group)s were rewritten with the same meaning.") % {"group": title},
        )


def _option_changes(old: FieldDefinition, new: FieldDefinition) -> Iterator[Change]:
    """Yield at most one change of each kind for all options together."""
    olds = _keyed((option.key, option) for option in old.selections)
    news = _keyed((option.key, option) for option in new.selections)
    removed = [option for key, option in olds.items() if key not in news]
    added = [option for key, option in news.items() if key not in olds]
    recreated = Counter(option.label for option in removed) & Counter(option.label for option in added)
    title = _title(new)

    if names := _without(removed, recreated):
        text = ngettext(
            "%(field)s lost an option: %(names)s.", "%(field)s lost options: %(names)s.", len(names)
        )
        yield Change("removed", text % {"field": title, "names": _listed(names)}, new.api_name)
    if names := _without(added, recreated):
        text = ngettext(
            "%(field)s has a new option: %(names)s.", "%(field)s has new options: %(names)s.", len(names)
        )
        yield Change("added", text % {"field": title, "names": _listed(names)}, new.api_name)
    if recreated:
        names = [quoted(label) for label in recreated]
        text = ngettext(
            "%(field)s has an option that was re-created with the same name: %(names)s.",
            "%(field)s has options that were re-created with the same names: %(names)s.",
            len(names),
        )
        yield Change("changed", text % {"field": title, "names": _listed(names)}, new.api_name)
    renamed = [
        _("%(old)s to %(new)s") % {"old": quoted(olds[key].label), "new": quoted(option.label)}
        for key, option in news.items()
        if key in olds and olds[key].label != option.label
    ]
    if renamed:
        text = ngettext(
            "An option of %(field)s was renamed: %(names)s.",
            "Options of %(field)s were renamed: %(names)s.",
            len(renamed),
        )
        yield Change("changed", text % {"field": title, "names": _listed(renamed)}, new.api_name)
    if [key for key in olds if key in news] != [key for key in news if key in olds]:
        sentence = _("The order of the options of %(field)s changed.") % {"field": title}
        yield Change("changed", sentence, new.api_name)


def _without(options: Sequence[Selection], labels: Counter[str]) -> list[str]:
    """Return the quoted labels of ``options``, less as many of each as ``labels`` holds."""
    left = Counter(labels)
    names = []
    for option in options:
        if left[option.label] > 0:
            left[option.label] -= 1
        else:
            names.append(quoted(option.label))
    return names


def _listed(names: Sequence[str]) -> str:
    """Return the first of ``names`` and the number of further ones."""
    text = ", ".join(names[:MAX_OPTIONS_NAMED])
    more = len(names) - MAX_OPTIONS_NAMED
    if more <= 0:
        return text
    return ngettext("%(names)s and %(more)d more", "%(names)s and %(more)d more", more) % {
        "names": text,
        "more": more,
    }


def _group_title(fieldset: Fieldset) -> str:
    return quoted(field_label(fieldset.title, fieldset.api_name))


def _title(field: FieldDefinition) -> str:
    return quoted(field_label(field.name, field.api_name))


def _keyed(items: Iterable[tuple[str, Item]]) -> dict[Key, Item]:
    """Return items by name and by number among those with the same name, in their order."""
    seen: Counter[str] = Counter()
    keyed: dict[Key, Item] = {}
    for name, item in items:
        keyed[name, seen[name]] = item
        seen[name] += 1
    return keyed


def _moved(before: Sequence[Hashable], after: Sequence[Hashable]) -> set[Hashable]:
    """Return a smallest set of items whose move explains the new order: all except a longest common subsequence."""
    place = {item: position for position, item in enumerate(before)}
    tails: list[int] = []  # for each length, the smallest last position of a subsequence that kept its order
    lengths: list[int] = []  # for each item, the length of the longest such subsequence that ends in it
    for item in after:
        length = bisect_left(tails, place[item])
        tails[length : length + 1] = [place[item]]
        lengths.append(length)
    kept: set[Hashable] = set()
    wanted = len(tails) - 1
    for item, length in zip(reversed(after), reversed(lengths), strict=True):
        if length == wanted:
            kept.add(item)
            wanted -= 1
    return set(after) - kept

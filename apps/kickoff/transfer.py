"""Answers from other sources: a link, an earlier launch, a form whose template has changed.

Every function returns what it left out, with sentences that contain the answer: nothing is lost silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from apps.kickoff.fields import AnswerError, KickoffField, answers_from_json, create
from apps.kickoff.fields.string import single_line
from apps.kickoff.lookups import Lookups, MirroredPeople, NoFiles, People
from apps.kickoff.names import control_name, find_name, read_controls
from apps.kickoff.rows import NAME_CONTROL
from apps.pneumatic.canonical.schemas import FieldDefinition

Fields = dict[str, KickoffField[Any]]


@dataclass(frozen=True, slots=True)
class LostAnswer:
    """An answer that a newer form does not take, in full or in part; ``sentence`` contains what was lost.

    ``kind`` says why: the field was removed, has another type, or no longer offers an option.
    """

    api_name: str
    label: str
    kind: Literal["removed", "type", "option"]
    sentence: str


def initial_from_query(
    definitions: Sequence[FieldDefinition], query: QueryDict, *, people: People | None = None
) -> tuple[dict[str, list[str]], list[str]]:
    """Return (initial, notes): what a link fills in, and sentences about what is invalid.

    Options are named by key or label, people by id or e-mail, groups by name, dates in ISO form; files never come from
    a link. A control that the link names without an answer stays empty, even if its field has a default.
    """
    lookups = Lookups(files=NoFiles(), people=people or MirroredPeople())
    controls: MultiValueDict[str, str] = read_controls(query, definitions)
    initial: dict[str, list[str]] = {}
    notes: list[str] = []
    if name := single_line("".join(controls.getlist(NAME_CONTROL)[-1:]).replace("\0", "")):
        initial[NAME_CONTROL] = [name]
    for api_name, kickoff_field in _by_api_name(definitions).items():
        control = control_name(api_name)
        values = [value.replace("\0", "") for value in controls.getlist(control)]
        try:
            if any(values) and kickoff_field.definition.is_hidden:
                raise AnswerError(_("It is hidden, and only its default is sent."))
            parsed = kickoff_field.parse_link_values(values, lookups)
        except AnswerError as error:
            notes.append(
                _("The link's answer to “%(field)s” was left out: %(reason)s")
                % {"field": kickoff_field.label, "reason": error}
            )
        else:
            if parsed or (control in controls and kickoff_field.definition.default):
                initial[control] = parsed
    return initial, notes


def carry_over(
    stored: Mapping[str, Any],
    old_definitions: Sequence[FieldDefinition],
    new_definitions: Sequence[FieldDefinition],
) -> tuple[dict[str, list[str]], list[str]]:
    """Return (initial, dropped): the stored answers that are valid in the new version, and sentences about the others.

    A field that was left empty stays empty, even if its field has a default.
    """
    controls = {
        answer.field.api_name: create(answer.field).initial(answer.value)
        for answer in answers_from_json(old_definitions, stored)
    }
    old, new = _by_api_name(old_definitions), _by_api_name(new_definitions)
    kept, lost = _carry_over(controls, old, new)
    for api_name in _asked(old):
        if api_name not in stored and api_name in new and new[api_name].definition.default:
            kept[api_name] = []
    return {control_name(api_name): values for api_name, values in kept.items()}, [
        one.sentence for one in lost
    ]


def with_empty_controls(
    data: MultiValueDict[str, Any], definitions: Sequence[FieldDefinition]
) -> MultiValueDict[str, Any]:
    """Return a posted form with an empty list for each field that browsers post nothing for.

    This distinguishes an unticked box from a field that the form did not have, which gets its default.
    """
    whole: MultiValueDict[str, Any] = read_controls(data, definitions)
    for api_name in _asked(_by_api_name(definitions)):
        whole.setlistdefault(control_name(api_name), [])
    return whole


def uploads_in(
    definitions: Sequence[FieldDefinition], files: MultiValueDict[str, Any]
) -> dict[str, list[Any]]:
    """Return the files that were posted with a form (``request.FILES``), by the api_name of their field."""
    controls: MultiValueDict[str, Any] = read_controls(files, definitions)
    return {
        api_name: found
        for api_name, kickoff_field in _asked(_by_api_name(definitions)).items()
        if kickoff_field.holds_files and (found := controls.getlist(control_name(api_name)))
    }


def with_uploads(
    data: MultiValueDict[str, Any],
    definitions: Sequence[FieldDefinition],
    upload_ids: Mapping[str, Sequence[str]],
) -> MultiValueDict[str, Any]:
    """Return posted ``data`` with the ids of files that were uploaded with it, given by api_name."""
    extended: MultiValueDict[str, Any] = read_controls(data, definitions)
    for api_name, ids in upload_ids.items():
        control = control_name(api_name)
        extended.setlist(control, [*extended.getlist(control), *ids])
    return extended


def rebase(
    data: MultiValueDict[str, Any],
    old_definitions: Sequence[FieldDefinition],
    new_definitions: Sequence[FieldDefinition],
) -> tuple[MultiValueDict[str, Any], list[LostAnswer]]:
    """Return (data, lost): what was posted to a form of the old version, for a form of the new one.

    Unlike ``carry_over`` it works on what was typed, so that unfinished answers stay as well.
    """
    old, new = _by_api_name(old_definitions), _by_api_name(new_definitions)
    rebased: MultiValueDict[str, Any] = read_controls(data, [*old_definitions, *new_definitions])
    posted = {api_name: rebased.getlist(control_name(api_name)) for api_name in _asked(old)}
    kept, lost = _carry_over(posted, old, new)
    for api_name in posted:
        if posted[api_name] and kept.get(api_name) != posted[api_name]:
            rebased.setlist(control_name(api_name), kept.get(api_name, []))
        if api_name not in new:
            rebased.pop(find_name(api_name), None)
    return rebased, lost


def _by_api_name(definitions: Iterable[FieldDefinition]) -> Fields:
    fields: Fields = {}
    for definition in definitions:
        fields.setdefault(definition.api_name, create(definition))
    return fields


def _asked(fields: Fields) -> Fields:
    return {api_name: field for api_name, field in fields.items() if not field.definition.is_hidden}


def _carry_over(
    controls: Mapping[str, Sequence[str]], old: Fields, new: Fields
) -> tuple[dict[str, list[str]], list[LostAnswer]]:
    kept: dict[str, list[str]] = {}
    lost: list[LostAnswer] = []
    for api_name, values in controls.items():
        before, now = old[api_name], new.get(api_name)
        given = [value for value in values if value]
        if not given:
            continue
        if now is None or now.definition.is_hidden:
            if before.definition.is_hidden:  # hidden before and now
                continue
            sentence = _("“%(field)s” is no longer in the form. The answer was: %(answer)s") % {
                "field": before.label,
                "answer": ", ".join(before.display_values(given)),
            }
            lost.append(LostAnswer(api_name, before.label, "removed", sentence))
            continue
        valid, others = now.carry_over(before, given)
        if valid:
            kept[api_name] = valid
        if others:
            lost.append(_lost(before, now, ", ".join(others)))
    return kept, lost


def _lost(before: KickoffField[Any], now: KickoffField[Any], answer: str) -> LostAnswer:
    api_name, words = now.definition.api_name, {"field": now.label, "answer": answer}
    if now.takes_over_from(before):
        sentence = _("“%(field)s” no longer offers: %(answer)s") % words
        return LostAnswer(api_name, now.label, "option", sentence)
    sentence = _("“%(field)s” now has another type. The answer was: %(answer)s") % words
    return LostAnswer(api_name, now.label, "type", sentence)

"""Answers as a launch stores them: api_name -> the JSON form of the canonical value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from apps.core.answers import AnswerPart, AnswerText, LabelledAnswer, status_badge
from apps.kickoff.fields.base import AnswerError
from apps.kickoff.fields.registry import create
from apps.kickoff.lookups import People
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, GroupValue, UserValue, Value


def answers_to_json(answers: Iterable[Answer]) -> dict[str, Any]:
    """Return ``answers`` as JSON, by api_name."""
    return {answer.field.api_name: create(answer.field).to_json(answer.value) for answer in answers}


def answers_from_json(
    definitions: Sequence[FieldDefinition], stored: Mapping[str, Any]
) -> tuple[Answer, ...]:
    """Return the stored answers to ``definitions``; invalid ones are left out."""
    answers = []
    for definition in _first_of_each_name(definitions):
        if definition.api_name in stored:
            try:
                value = create(definition).from_json(stored[definition.api_name])
            except AnswerError:
                continue
            answers.append(Answer(definition, value))
    return tuple(answers)


def describe_answers(
    definitions: Sequence[FieldDefinition], stored: Mapping[str, Any], *, people: People | None = None
) -> list[LabelledAnswer]:
    """Return every field of the version that was answered, in its order, then answers without a field.

    Users and groups get a badge for a status other than active, if ``people`` is given.
    """
    values = {answer.field.api_name: answer.value for answer in answers_from_json(definitions, stored)}
    badges = _badges(values.values(), people) if people is not None else {}
    described = []
    for definition in _first_of_each_name(definitions):
        field = create(definition)
        answer = AnswerText()
        if definition.api_name in stored:
            try:
                value = field.from_json(stored[definition.api_name])
                answer = _with_badge(field.describe(value), badges.get(value, ""))
            except AnswerError as error:
                answer = AnswerText((AnswerPart(_plain(stored[definition.api_name]), note=str(error)),))
        described.append(LabelledAnswer(field.label, answer))
    known = {definition.api_name for definition in definitions}
    for api_name, data in stored.items():
        if api_name not in known:
            part = AnswerPart(_plain(data), note=_("not a field of this version"))
            described.append(LabelledAnswer(api_name, AnswerText((part,))))
    return described


def _badges(values: Iterable[Value], people: People) -> dict[Value, str]:
    """Return the badges of the users and groups among ``values``, in one query for each kind."""
    named = [value for value in values if isinstance(value, UserValue)]
    groups = [value for value in values if isinstance(value, GroupValue)]
    users = people.by_ids([value.id for value in named]) if named else {}
    known = people.groups_by_ids([value.id for value in groups]) if groups else {}
    badges: dict[Value, str] = {value: status_badge(users[value.id]) for value in named if value.id in users}
    badges |= {value: status_badge(known[value.id]) for value in groups if value.id in known}
    return badges


def _with_badge(described: AnswerText, badge: str) -> AnswerText:
    return replace(described, parts=tuple(replace(part, badge=badge) for part in described.parts))


def _first_of_each_name(definitions: Iterable[FieldDefinition]) -> list[FieldDefinition]:
    """Return the definitions that answers belong to: a second field of the same api_name cannot be answered."""
    first: dict[str, FieldDefinition] = {}
    for definition in definitions:
        first.setdefault(definition.api_name, definition)
    return list(first.values())


def _plain(data: Any) -> str:
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, sort_keys=True)

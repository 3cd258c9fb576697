"""Field types of a kickoff form, one class each. Importing a module below registers its class."""

from __future__ import annotations

from apps.kickoff.fields import checkbox, date, dropdown, file, number, radio, string, text, url, user
from apps.kickoff.fields.base import AnswerError, ControlState, KickoffField, Option
from apps.kickoff.fields.registry import create, get, register, registered
from apps.kickoff.fields.stored import answers_from_json, answers_to_json, describe_answers
from apps.kickoff.fields.unknown import UnknownField

__all__ = [
    "AnswerError",
    "ControlState",
    "KickoffField",
    "Option",
    "UnknownField",
    "answers_from_json",
    "answers_to_json",
    "checkbox",
    "create",
    "date",
    "describe_answers",
    "dropdown",
    "file",
    "get",
    "number",
    "radio",
    "register",
    "registered",
    "string",
    "text",
    "url",
    "user",
]

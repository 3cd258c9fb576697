"""The body of a stored launch once more, as the server reads it now: it may have been upgraded since.

A launch keeps its answers, and the version of the form that they are for. An upgrade can change the keys of options, so
they are found by their texts in the template's current form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _

from apps.kickoff.fields import answers_from_json, create
from apps.kickoff.fields.choices import ChoiceField
from apps.launches.models import Launch
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, Urgency
from apps.pneumatic.client import Client
from apps.pneumatic.errors import ValidationFailed
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from apps.workflow_templates.services import refresh_if_reachable
from apps.workflow_templates.versions import ask_for_the_same

Body = Mapping[str, Any]


def stored_answers(launch: Launch) -> tuple[Answer, ...] | None:
    """Return the answers of a stored launch; None where they are not exactly those of its body."""
    answers = answers_from_json(version_kickoff(launch.version).fields, launch.answers)
    sent = set(launch.payload.get("kickoff") or ())
    return tuple(answers) if {answer.field.api_name for answer in answers} == sent else None


def encode_again(launch: Launch, client: Client) -> Body | None:
    """Return the body as the server reads it now; None where the answers are not those of the body.

    Raise PneumaticError when the body cannot be built.
    """
    answers = stored_answers(launch)
    if answers is None:
        return None
    template = Template.objects.select_related("current_version").get(pk=launch.template_id)
    try:
        return _encode(launch, in_current_form(launch, template, answers), client)
    except ValidationFailed:
        if not any(map(client.may_differ, (answer.field for answer in answers))):
            raise
    template = refresh_if_reachable(template, client, is_doubted=True)
    return _encode(launch, in_current_form(launch, template, answers), client)


def bodies_after_refusal(launch: Launch, refusal: ValidationFailed, client: Client) -> Iterator[Body]:
    """Yield the bodies to try after the server refused exactly one answer, most likely first; maybe the same again.

    That refusal, with status 400, started nothing. It may contradict what is known of the server and the template, so
    both are read again. Raise PneumaticError where that fails, or where a body cannot be built.
    """
    names_one = refusal.status == HTTPStatus.BAD_REQUEST and len(refusal.errors) == 1
    answers = stored_answers(launch) if names_one else None
    definitions = {answer.field.api_name: answer.field for answer in answers or ()}
    refused = definitions.get(refusal.field or "")
    if answers is None or refused is None or not client.may_differ(refused):
        return
    client.detect_release()
    if any(answer.field.selections for answer in answers):
        answers = in_current_form(
            launch, refresh_if_reachable(launch.template, client, is_doubted=True), answers
        )
    yield _encode(launch, answers, client)
    # A further encoding is a guess: where it has no form for an answer, that says nothing.
    with suppress(ValidationFailed):
        while client.encode_otherwise(refused):
            yield _encode(launch, answers, client)


def in_current_form(launch: Launch, template: Template, answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return the answers of ``launch`` for the current form of ``template``, if that asks for the same."""
    if template.current_version is None or is_outdated(launch, template):
        return tuple(answers)
    fields = {field.api_name: field for field in version_kickoff(template.current_version).fields}
    return tuple(_in_field(answer, fields[answer.field.api_name]) for answer in answers)


def is_outdated(launch: Launch, template: Template) -> bool:
    """Return whether ``template`` has another form than the one that ``launch`` was made with."""
    if template.current_version_id == launch.version_id:
        return False
    if template.current_version is None:
        return True
    return not ask_for_the_same(version_kickoff(launch.version), version_kickoff(template.current_version))


def _in_field(answer: Answer, definition: FieldDefinition) -> Answer:
    """Return the answer with the keys that ``definition`` has for its options; raise ValidationFailed without one."""
    old, new = create(answer.field), create(definition)
    value = answer.value
    if isinstance(old, ChoiceField) and isinstance(new, ChoiceField):
        if isinstance(value, str):
            value = _same_option(old, new, value)
        elif isinstance(value, tuple):
            keys = [_same_option(old, new, part) for part in value if isinstance(part, str)]
            value = tuple(dict.fromkeys(keys))
    return replace(answer, field=definition, value=value)


def _same_option(old: ChoiceField[Any], new: ChoiceField[Any], key: str) -> str:
    found = new.key_of_same_option(old, key)
    if found is None:
        reason = _("The option “%(option)s” is no longer in the form. Edit the launch and choose again.")
        reason %= {"option": old.offered.get(key, key)[:80]}
        raise ValidationFailed(reason, errors={new.definition.api_name: [reason]})
    return found


def _encode(launch: Launch, answers: Sequence[Answer], client: Client) -> Body:
    urgency = Urgency(is_urgent=launch.is_urgent, due=launch.due)
    return client.run_payload(launch.template_id, name=launch.name, answers=answers, urgency=urgency)

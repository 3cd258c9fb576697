"""What Pneumatic stored for the answers of a launch, where that is something else than was chosen.

Differences in writing are none: line ends and outer blanks of a text, digits of a number, the order of options, the
time of a day. What Pneumatic does not show is not compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from apps.core.people import resolve
from apps.launches.resolution.evidence import distinct_text, has_same_name, is_same, output_text
from apps.pneumatic.canonical.events import Output
from apps.pneumatic.canonical.schemas import Answer
from apps.pneumatic.server import account_zone

Stored = Mapping[str, str]  # api_name -> what was stored instead, as text; '' for nothing


def is_stored_as_sent(kickoff: Mapping[str, Any], output: Output) -> bool:
    """Return whether ``output`` is what a launch's ``kickoff`` has for this field, as far as that alone shows it.

    False where only the answer can decide: options, files, a user who was named by e-mail address.
    """
    sent = kickoff.get(output.api_name)
    if sent is None:
        return True  # there was no answer
    if output.choices:
        return False  # the text of one option may be the key of another
    if output.type == "date":
        return _day(sent) == output.value
    if output.type == "number":
        return _number(sent) == _number(output.value) is not None
    if output.type == "user" and type(sent) is int:
        return output.user_id == sent
    return type(sent) is str and output.type != "user" and sent == output.value


def stored_otherwise(
    kickoff: Mapping[str, Any], answers: Iterable[Answer], outputs: Iterable[Output], *, shows_empty: bool
) -> dict[str, str]:
    """Return what was stored otherwise than chosen, by api_name; ``kickoff`` are the answers as they were sent.

    An output without any value means that nothing was stored where it ``shows_empty``, and else shows nothing.
    """
    stored = {output.api_name: output for output in outputs}
    found = {}
    for answer in answers:
        output = stored.get(answer.field.api_name)
        if output is None or is_stored_as_sent(kickoff, output) or not _is_shown(output, shows_empty):
            continue
        if not is_same(answer, output):
            found[answer.field.api_name] = _text(answer, output)
    return found


def _is_shown(output: Output, shows_empty: bool) -> bool:
    """Return whether the output shows what was stored."""
    if output.type == "date" and output.value:
        return _is_day(output.value)
    if output.type == "user" and output.value and output.user_id is None and output.group_id is None:
        return output.value.strip().isdigit()  # a name may be that of several users
    is_empty = not output_text(output) and output.user_id is None and output.group_id is None
    return shows_empty or not is_empty


def _text(answer: Answer, output: Output) -> str:
    id_, email = output.user_id, ""
    if id_ is not None and has_same_name(answer.value, output):
        email = resolve({id_})[id_].email
    text = distinct_text(answer.value, output, email=email)
    if output.type == "user" and text.isdigit():
        return _("user %(id)s") % {"id": text}
    return text


def _day(sent: object) -> str:
    """Return the day (ISO) of a date as it was sent: seconds, MM/DD/YYYY, or ISO."""
    if isinstance(sent, int | float):
        return dt.datetime.fromtimestamp(sent, account_zone()).date().isoformat()
    text = str(sent)
    try:
        return dt.datetime.strptime(text, "%m/%d/%Y").date().isoformat()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        return text


def _is_day(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None

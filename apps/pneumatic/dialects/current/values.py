"""How a launch of the current API writes answers: texts of options, seconds, e-mail addresses, links.

Older releases of the server read some of them in another form: ``canonical/features.py``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.features import (
    DateEncoding,
    Features,
    FileEncoding,
    PersonEncoding,
)
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, FileValue, GroupValue, UserValue, Value
from apps.pneumatic.canonical.workflow_names import fixed_length
from apps.pneumatic.dialects.current.options import WITH_SELECTIONS
from apps.pneumatic.dialects.refusals import as_tuple, refused, wrong_kind
from apps.pneumatic.errors import ValidationFailed

MAX_NAME_CHARACTERS = 120  # the server cuts a longer name without an error
# Years whose seconds the server can turn into a date in every zone; others end in HTTP 500.
_MIN_YEAR, _MAX_YEAR = 2, 9998
# What the server treats as a user's e-mail address; it treats any other text as the name of a group.
_ADDRESS = re.compile(r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}")


def encode(field: FieldDefinition, value: Value, *, zone: dt.tzinfo, features: Features | None = None) -> Any:
    """Return ``value`` as the kickoff of a launch has it; a day begins in ``zone``.

    Without ``features`` the server counts as the newest release.

    Raise ValidationFailed for an unknown type of field, an option that the field does not have, or a value that the
    server would refuse or answer with HTTP 500.
    """
    if features is not None:
        if field.type == "date" and features.dates[0] is DateEncoding.US:
            return _us_date(field, value)
        if field.type == "user" and features.people[0] is PersonEncoding.ID:
            return _user_id(field, value)
        if field.type == "file" and features.files is FileEncoding.ID:
            return _file_ids(field, value)
    if isinstance(value, GroupValue):
        _check_group(field, value, features)
    if field.type == "date":
        return _date(field, value, zone)
    encoder = _ENCODERS.get(field.type)
    if encoder is None:
        raise refused(field, _("Fields of the type “%(type)s” are not supported.") % {"type": field.type})
    return encoder(field, value)


def differs_between_releases(field: FieldDefinition) -> bool:
    """Return whether the encoding of an answer depends on the release of the server."""
    return field.type in {"date", "user", "file", *WITH_SELECTIONS}


def could_be_an_id(answer: Answer) -> bool:
    """Return whether an answer would be sent as a text that an old release reads as an id.

    Releases up to 3.1 read such an option as the id of one, those up to 4.2 such a group as the id of a user.
    """
    if isinstance(answer.value, GroupValue):
        return _is_integer(answer.value.name)
    return answer.field.type in WITH_SELECTIONS and any(map(_is_integer, _keys(answer.value)))


def could_be_another_option(answer: Answer) -> bool:
    """Return whether the key of a chosen option is the text of another one, which newer releases would read."""
    if answer.field.type not in WITH_SELECTIONS:
        return False
    others = {option.label for option in answer.field.selections if option.key != option.label}
    return not others.isdisjoint(_keys(answer.value))


def _keys(value: Value) -> list[str]:
    parts = value if isinstance(value, tuple) else (value,)
    return [part for part in parts if isinstance(part, str)]


def _is_integer(text: str) -> bool:
    """Return whether Python, in which the server is written, reads the text as a whole number: "+4_6" is one."""
    try:
        int(text)
    except ValueError:
        return False
    return True


def checked_name(name: str) -> str:
    """Return the name as the server will store it; raise ValidationFailed for a name that it would refuse or cut."""
    name = name.strip()
    if not name:
        raise ValidationFailed(
            _("Give the workflow a name."), errors={"name": [_("Give the workflow a name.")]}
        )
    if (length := fixed_length(name)) > MAX_NAME_CHARACTERS:
        reason = _("The name has %(length)d characters; the limit is %(most)d.") % {
            "length": length,
            "most": MAX_NAME_CHARACTERS,
        }
        raise ValidationFailed(reason, errors={"name": [reason]})
    if "\0" in name:
        reason = _("A name cannot contain a null character.")
        raise ValidationFailed(reason, errors={"name": [reason]})
    return name


def _text(field: FieldDefinition, value: Value) -> str:
    if not isinstance(value, str):
        wrong_kind(field, value)
    if "\0" in value:
        raise refused(field, _("A text cannot contain a null character."))
    if field.max_length is not None and len(value) > field.max_length:
        raise refused(
            field,
            _("The text has %(length)d characters; the limit is %(most)d.")
            % {"length": len(value), "most": field.max_length},
        )
    return value


def _number(field: FieldDefinition, value: Value) -> str:
    if not isinstance(value, Decimal):
        wrong_kind(field, value)
    if not value.is_finite():
        raise refused(field, _("This is not a number."))
    return format(value, "f")


def _selection(field: FieldDefinition, value: Value) -> str:
    if not isinstance(value, str):
        wrong_kind(field, value)
    if all(selection.key != value for selection in field.selections):
        raise refused(field, _("The chosen option is not one of this field's options."))
    return value


def _selected(field: FieldDefinition, value: Value) -> list[str]:
    return [_selection(field, key) for key in as_tuple(field, value)]


def has_texts_as_keys(field: FieldDefinition) -> bool:
    """Return whether the field was mirrored from a list with texts as options."""
    named = [selection for selection in field.selections if selection.label]
    return field.type in WITH_SELECTIONS and bool(named) and all(each.key == each.label for each in named)


def _date(field: FieldDefinition, value: Value, zone: dt.tzinfo) -> int:
    """Return the second in which the day begins in ``zone``, where Pneumatic shows it as that day."""
    day = _day(field, value)
    midnight = dt.datetime.combine(day, dt.time(), tzinfo=zone)
    # Through UTC: where the clock skips midnight, the day begins an hour later.
    start = midnight.astimezone(dt.UTC)
    if start.astimezone(zone).date() != day:
        raise refused(field, _("This day does not exist in Pneumatic's time zone, which skipped it."))
    return int(start.timestamp())


def _us_date(field: FieldDefinition, value: Value) -> str:
    day = _day(field, value)
    return f"{day.month:02d}/{day.day:02d}/{day.year:04d}"


def _day(field: FieldDefinition, value: Value) -> dt.date:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        wrong_kind(field, value)
    if not _MIN_YEAR <= value.year <= _MAX_YEAR:
        raise refused(field, _("This date is too far away."))
    return value


def _user_id(field: FieldDefinition, value: Value) -> int:
    if isinstance(value, GroupValue):
        raise refused(
            field, _("This release of Pneumatic accepts no group as an answer, only users. Choose a user.")
        )
    return value.id if isinstance(value, UserValue) else wrong_kind(field, value)


def _user(field: FieldDefinition, value: Value) -> str:
    if isinstance(value, GroupValue):
        return _group(field, value)
    if not isinstance(value, UserValue):
        wrong_kind(field, value)
    if not value.email:
        raise refused(field, _("This user has no e-mail address, which Pneumatic needs."))
    if not _ADDRESS.fullmatch(value.email):
        raise refused(
            field,
            _("Pneumatic does not accept the e-mail address “%(email)s” of this user. Choose another user.")
            % {"email": value.email},
        )
    return value.email


def _check_group(field: FieldDefinition, group: GroupValue, features: Features | None) -> None:
    """Raise ValidationFailed for a group that a release which reads ids could store as a user."""
    reads_ids = features is None or PersonEncoding.ID in features.people
    if reads_ids and _is_integer(group.name):
        raise refused(
            field,
            _("An older release of Pneumatic reads the name of the group “%(name)s” as the id of a user.")
            % {"name": group.name},
        )


def _group(field: FieldDefinition, group: GroupValue) -> str:
    if not group.name or _ADDRESS.fullmatch(group.name):
        raise refused(
            field,
            _("Pneumatic cannot find the group “%(name)s” by its name. Choose another one.")
            % {"name": group.name},
        )
    return group.name


def _file_ids(field: FieldDefinition, value: Value) -> list[int]:
    return [
        _file_id(field, file) if isinstance(file, FileValue) else wrong_kind(field, value)
        for file in as_tuple(field, value)
    ]


def _file_id(field: FieldDefinition, file: FileValue) -> int:
    if not (file.id.isascii() and file.id.isdigit()):
        raise refused(
            field, _("“%(name)s” is not in Pneumatic's file storage. Upload it again.") % {"name": file.name}
        )
    return int(file.id)


def _files(field: FieldDefinition, value: Value) -> list[str]:
    return [
        _link(field, file) if isinstance(file, FileValue) else wrong_kind(field, value)
        for file in as_tuple(field, value)
    ]


def _link(field: FieldDefinition, file: FileValue) -> str:
    if file.id.isdigit() or not file.url or ")" in file.url:  # a number is an attachment's, from before 7.0
        raise refused(
            field, _("“%(name)s” is not in Pneumatic's file service. Upload it again.") % {"name": file.name}
        )
    # The server accepts no bracket in a label; a line break would end the link.
    label = " ".join(file.name.replace("[", "(").replace("]", ")").replace("\0", "").splitlines())
    return f"[{label.strip() or 'file'}]({file.url})"


_ENCODERS: Mapping[str, Callable[[FieldDefinition, Value], Any]] = {
    "string": _text,
    "text": _text,
    "url": _text,
    "number": _number,
    "radio": _selection,
    "dropdown": _selection,
    "checkbox": _selected,
    "user": _user,
    "file": _files,
}

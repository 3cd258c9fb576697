"""The canonical form: what the rest of the project sees of Pneumatic, whatever dialect the server speaks.

All classes are frozen. Times are aware ``datetime``; sizes are bytes; identifiers of Pneumatic are ``int``.
``raw`` is the wire object as it came: kept for the mirror, interpreted by nobody outside a dialect.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from apps.pneumatic.events import Kind

Raw = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Received(Generic[T]):
    """An object as it came, not read yet: whoever finds ``raw`` unchanged need not read it again.

    ``read()`` returns it in canonical form, or raises UnexpectedResponse with the path of the key that is amiss.
    """

    id: int
    raw: Raw = field(compare=False, repr=False)
    read: Callable[[], T] = field(compare=False, repr=False)


# In bytes; a file must be smaller (documented: Upload file for attachment).
FILE_SIZE_LIMIT = 104_857_600


@dataclass(frozen=True, slots=True)
class Selection:
    """One option of a radio, checkbox or dropdown: ``key`` is what the wire wants, ``label`` what people read."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field of a kickoff form or of a task's output (documented: Get a Specific Template).

    ``type`` is a name of FieldTypeEnum, or whatever unknown name the server sent; ``radiobutton`` arrives as ``radio``.
    """

    api_name: str
    name: str
    type: str
    description: str = ""
    is_required: bool = False
    order: int = 0
    selections: tuple[Selection, ...] = ()


@dataclass(frozen=True, slots=True)
class Kickoff:
    """A template's kickoff form; ``fields`` stand in display order (higher ``order`` first, ties as listed)."""

    description: str = ""
    fields: tuple[FieldDefinition, ...] = ()


@dataclass(frozen=True, slots=True)
class DynamicPerformer:
    """A performer that an earlier field's answer decides (``output_responsible``)."""

    api_name: str
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a template; ``delay`` is None for "at once"."""

    id: int
    number: int
    name: str
    description: str = ""
    delay: dt.timedelta | None = None
    require_completion_by_all: bool = False
    is_starter_responsible: bool = False
    responsible: tuple[int, ...] = ()
    dynamic_performers: tuple[DynamicPerformer, ...] = ()
    fields: tuple[FieldDefinition, ...] = ()


@dataclass(frozen=True, slots=True)
class Invite:
    """How an invited user was invited."""

    id: str
    invited_by: int | None = None
    by_username: str = ""
    invited_from: str = ""
    date_created: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A user of the Pneumatic account; ``status`` is ``active`` or ``invited`` (or a newer name, kept as it came)."""

    id: int
    email: str
    first_name: str
    last_name: str
    status: str
    phone: str = ""
    photo: str = ""
    is_staff: bool = False
    is_admin: bool = False
    is_account_owner: bool = False
    invite: Invite | None = None
    raw: Raw = field(default_factory=dict, compare=False, repr=False)

    @property
    def full_name(self) -> str:
        """Return the name people read; the e-mail address where no name was given."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.email


@dataclass(frozen=True, slots=True)
class TemplateSummary:
    """A template as the list tells it (documented: Get All Templates)."""

    id: int
    name: str
    is_active: bool
    description: str = ""
    performers_count: int = 0
    tasks_count: int = 0
    run_allowed: tuple[int, ...] = ()
    kickoff: Kickoff = Kickoff()
    first_task_responsible: tuple[int, ...] = ()
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Template:
    """A template in full (documented: Get a Specific Template)."""

    id: int
    name: str
    is_active: bool
    description: str = ""
    finalizable: bool = False
    date_updated: dt.datetime | None = None
    updated_by: int | None = None
    performers_count: int = 0
    tasks_count: int = 0
    run_allowed: tuple[int, ...] = ()
    kickoff: Kickoff = Kickoff()
    tasks: tuple[Task, ...] = ()
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UserValue:
    """An answer to a user field."""

    id: int
    email: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class FileValue:
    """One file of an answer to a file field: ``id`` is the attachment ID that the wire wants."""

    id: str
    name: str
    url: str = ""
    size: int = 0


# string, text, url: str; radio, dropdown: the selection's key; checkbox: keys; date: a date; user; files.
# An empty optional field is left out of the answers; there is no "empty" value.
Value = str | tuple[str, ...] | dt.date | UserValue | tuple[FileValue, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A field and the canonical value that a person gave for it."""

    field: FieldDefinition
    value: Value


@dataclass(frozen=True, slots=True)
class TaskOverride:
    """A task's property to overwrite for one workflow (``tasks`` of run; for now only ``url`` is supported there)."""

    number: int
    url: str


@dataclass(frozen=True, slots=True)
class Launched:
    """The answer to a launch: the id of the workflow that now runs."""

    workflow_id: int
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UploadTicket:
    """Where to PUT an announced file (documented: Upload file for attachment). URLs may carry signatures: secret."""

    id: int
    file_upload_url: str = field(repr=False)
    thumbnail_upload_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file made public (documented: Make file public); ``size`` is in bytes."""

    id: int
    name: str
    url: str
    thumbnail_url: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook subscription (documented: Get All Webhooks). ``event`` is the name on the wire.

    ``kind`` is what it is about, or None for an event that we do not know; ``target`` may hold a secret.
    """

    id: int
    event: str
    target: str = field(repr=False)
    kind: Kind | None = None
    is_deprecated: bool = False
    created: dt.datetime | None = None
    updated: dt.datetime | None = None
    raw: Raw = field(default_factory=dict, compare=False, repr=False)

"""The canonical form: what the rest of the project knows of Pneumatic, whichever API the server has.

All classes are frozen. Times are aware ``datetime``; sizes are bytes; identifiers of Pneumatic are ``int``.
``raw`` is the JSON object as received: stored by the mirror, interpreted only by a dialect.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any, Generic, TypeVar

from django.utils.translation import gettext

from apps.core.text.visible import first_visible
from apps.pneumatic.canonical.events import Kind, Output

Raw = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Received(Generic[T]):
    """An object as received, not parsed yet: with an unchanged ``raw`` there is no need to.

    ``read()`` returns it in canonical form, or raises UnexpectedResponse with the path of the invalid key. Then ``id``
    is negative if the object has no id that can be read. ``name`` is for users, '' where it is unknown.
    """

    id: int
    raw: Raw = field(compare=False, repr=False)
    read: Callable[[], T] = field(compare=False, repr=False)
    name: str = field(default="", compare=False, repr=False)


# In bytes; a file must be smaller (documented: Upload file for attachment).
FILE_SIZE_LIMIT = 104_857_600


@dataclass(frozen=True, slots=True)
class Selection:
    """One option of a radio, checkbox or dropdown: ``key`` is what a launch sends, ``label`` what users read."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """One field of a kickoff form or of a task's output (documented: Get a Specific Template).

    ``type`` is a name of FieldTypeEnum, or an unknown name as the server sent it; ``radiobutton`` becomes ``radio``.
    ``default`` is the text that the template's author wrote for it. A hidden field is not shown and sends its default.
    ``max_length`` (characters) is the server's limit, None for none. ``fieldset`` is the api_name of its fieldset, ''
    for none. With ``options_unknown`` the field has options that the key may not read.
    """

    api_name: str
    name: str
    type: str
    description: str = ""
    is_required: bool = False
    order: int = 0
    selections: tuple[Selection, ...] = ()
    default: str = ""
    is_hidden: bool = False
    max_length: int | None = None
    fieldset: str = ""
    options_unknown: bool = False


class RuleKind(StrEnum):
    """What a rule of a fieldset requires of the sum of its fields; only the server checks OTHER."""

    SUM_EQUAL = "sum_equal"
    SUM_MORE = "sum_greater_than"
    SUM_LESS = "sum_less_than"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FieldsetRule:
    """One condition on the numbers of a fieldset: the sum of ``fields`` (api_names) against ``value``.

    ``value`` is a decimal number as text; for ``OTHER`` it is the server's text.
    """

    kind: RuleKind
    value: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules of a fieldset that belong together: all rules of one of the ``alternatives`` must be met.

    ``message`` is the template author's message for when none is, '' for the default one.
    """

    alternatives: tuple[tuple[FieldsetRule, ...], ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Fieldset:
    """Fields that are shown together under a title; their answers are sent like all others."""

    api_name: str
    title: str = ""
    description: str = ""
    order: int = 0
    rules: tuple[RuleGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class Kickoff:
    """A template's kickoff form.

    ``fields`` are all fields in display order. Fieldsets, with their fields, and other fields are one list: higher
    ``order`` first, ties as listed. ``fieldsets`` are in the same order.
    """

    description: str = ""
    fields: tuple[FieldDefinition, ...] = ()
    fieldsets: tuple[Fieldset, ...] = ()


@dataclass(frozen=True, slots=True)
class DynamicPerformer:
    """A performer that the answer to an earlier field decides (``output_responsible``)."""

    api_name: str
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a template; ``delay`` is None for "at once".

    ``other_performers`` are names of performers that are neither users nor answers: groups, the starter's manager.
    """

    id: int
    number: int
    name: str
    description: str = ""
    delay: dt.timedelta | None = None
    require_completion_by_all: bool = False
    is_starter_responsible: bool = False
    responsible: tuple[int, ...] = ()
    dynamic_performers: tuple[DynamicPerformer, ...] = ()
    other_performers: tuple[str, ...] = ()
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
    """A user of the Pneumatic account.

    ``status`` is ``active``, ``invited``, ``inactive``, ``guest`` (may see single tasks, cannot be an answer), or
    another name as the server sent it.
    """

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
        """The name that users read; the e-mail address without a name."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.email


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users; ``users`` are ids of its members.

    ``is_personal``: the substitutes of a user on vacation. It performs tasks, and is no possible answer.
    """

    id: int
    name: str
    users: tuple[int, ...] = ()
    is_personal: bool = False
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The user of the API key, as far as the server says; ``zone`` is an IANA name, '' for unknown."""

    user_id: int
    email: str = ""
    name: str = ""
    is_admin: bool = False
    is_account_owner: bool = False
    zone: str = ""
    asked_at: dt.datetime | None = field(default=None, compare=False)  # by ``server.now``

    @property
    def shown_name(self) -> str:
        """The name, the e-mail or the id: the first of which something can be seen."""
        return first_visible(self.name, self.email) or gettext("User %(id)s") % {"id": self.user_id}

    @property
    def sees_everything(self) -> bool:
        """Whether the user may read everything in the account."""
        return self.is_admin or self.is_account_owner


@dataclass(frozen=True, slots=True)
class TemplateSummary:
    """A template as the list has it (documented: Get All Templates).

    ``owner_ids`` and ``owner_group_ids`` are the users and the groups who own it, where the API has that role.
    """

    id: int
    name: str
    is_active: bool
    description: str = ""
    performers_count: int = 0
    tasks_count: int = 0
    run_allowed: tuple[int, ...] = ()
    kickoff: Kickoff = Kickoff()
    first_task_responsible: tuple[int, ...] = ()
    owner_ids: tuple[int, ...] = ()
    owner_group_ids: tuple[int, ...] = ()
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Template:
    """A template in full (documented: Get a Specific Template).

    ``run_allowed`` are ids of users, including those who may run it as members of a group. ``tasks`` is empty where the
    key may not read them. ``workflow_name`` is the template's name for its workflows, with ``{{...}}`` that the server
    replaces; '' for none.
    """

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
    workflow_name: str = ""
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UserValue:
    """An answer to a user field."""

    id: int
    email: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class GroupValue:
    """An answer to a user field that names a group, where ``capabilities.groups``."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class FileValue:
    """One file of an answer to a file field: a launch sends its ``id`` or its ``url``, depending on the API."""

    id: str
    name: str
    url: str = ""
    size: int = 0


# string, text, url: str; radio, dropdown: the selection's key; checkbox: keys; date: a date; number: a Decimal that is
# finite; user: a user or a group; files.
# An empty optional field is left out of the answers; there is no "empty" value.
Value = str | tuple[str, ...] | dt.date | Decimal | UserValue | GroupValue | tuple[FileValue, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A field and the canonical value that a user entered for it."""

    field: FieldDefinition
    value: Value


@dataclass(frozen=True, slots=True)
class TaskOverride:
    """A task's property to overwrite for one workflow (``tasks`` of run; for now only ``url`` is supported there)."""

    number: int
    url: str


@dataclass(frozen=True, slots=True)
class Urgency:
    """Urgency and due date of a launch, where ``capabilities.urgency``; ``due`` is in the future."""

    is_urgent: bool = False
    due: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Launched:
    """The response to a launch: the id of the new workflow, and its name ('' where it is missing).

    ``kept`` are the api_names of the fields that the workflow has: the server drops other answers without an error.
    None where the response does not list them. ``stored`` are the answers as the server stored them, with the value ''
    where it stored none; () where the response does not show them.
    """

    workflow_id: int
    name: str = ""
    kept: frozenset[str] | None = None
    stored: tuple[Output, ...] = ()
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UploadTicket:
    """Where to PUT an announced file (documented: Upload file for attachment). The signed URLs are secret."""

    id: int
    file_upload_url: str = field(repr=False)
    thumbnail_upload_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload: ``stream`` has ``size`` bytes; ``thumbnail`` is a small picture in the file's own format."""

    stream: IO[bytes]
    filename: str
    content_type: str
    size: int
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True)
class PublicFile:
    """An uploaded file; ``id`` is an attachment's number or a UUID, ``size`` is in bytes."""

    id: str
    name: str
    url: str
    thumbnail_url: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook subscription (documented: Get All Webhooks). ``event`` is the API's name of the event.

    ``kind`` is None for an unknown event; ``target`` may contain a secret. Where ``capabilities.one_url_per_event``,
    subscriptions have no numbers, and ``id`` is a fixed one for each event.
    """

    id: int
    event: str
    target: str = field(repr=False)
    kind: Kind | None = None
    is_deprecated: bool = False
    created: dt.datetime | None = None
    updated: dt.datetime | None = None
    raw: Raw = field(default_factory=dict, compare=False, repr=False)

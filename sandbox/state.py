"""What the sandbox knows, in memory only: the account's data, what arrived, and the encoded answers."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import uuid4

from .current import shapes as current
from .current.releases import NEWEST, Release
from .keys import OWNER, Keys
from .settings import Settings
from .shapes import Record, template_detail, template_summary, user_detail

DOCUMENTED, CURRENT = DIALECTS = ("documented", "current")
FIRST_MOMENT = "2000-01-01T00:00:00Z"
FIRST_WORKFLOW, FIRST_ATTACHMENT, FIRST_SUBSCRIPTION = 1001, 501, 1


def now() -> str:
    """Return the current time as the API writes it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def encode(value: Any) -> bytes:
    """Return compact JSON in UTF-8; a lone surrogate becomes its JSON escape instead of an error."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


@dataclass(slots=True)
class Ids:
    """Hands out numbers; ``upcoming`` is the next one."""

    upcoming: int

    def __next__(self) -> int:
        self.upcoming += 1
        return self.upcoming - 1


def _nothing() -> None:
    """Notify no one."""


@dataclass(slots=True)
class StoredFile:
    """What a PUT brought; ``content`` is an unnamed temporary file."""

    size: int
    sha256: str
    content_type: str
    content: IO[bytes]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> bytes:
        """Return all bytes; several threads may ask at once."""
        with self.lock:
            self.content.seek(0)
            return self.content.read()

    def close(self) -> None:
        """Let go of the bytes."""
        with self.lock:
            self.content.close()


@dataclass(slots=True)
class Attachment:
    """An announced file and, after the PUT, its content."""

    id: int
    name: str
    content_type: str
    size: int
    signature: str
    wants_thumbnail: bool
    file: StoredFile | None = None
    thumbnail: StoredFile | None = None
    is_public: bool = False
    uuid: str = field(default_factory=lambda: str(uuid4()))  # its name at today's file service
    uploaded_by: int | None = None

    def as_json(self) -> Record:
        """Return the read-back form."""
        return {
            "id": self.id,
            "name": self.name,
            "content_type": self.content_type,
            "announced_size": self.size,
            "uploaded": self.file is not None,
            "size": self.file.size if self.file else None,
            "sha256": self.file.sha256 if self.file else None,
            "thumbnail_size": self.thumbnail.size if self.thumbnail else None,
            "thumbnail_sha256": self.thumbnail.sha256 if self.thumbnail else None,
            "public": self.is_public,
        }


@dataclass(slots=True)
class State:
    """One account. Hold ``lock`` to read more than one thing or to change anything."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    users: dict[int, Record] = field(default_factory=dict)
    templates: dict[int, Record] = field(default_factory=dict)
    workflows: dict[int, Record] = field(default_factory=dict)
    attachments: dict[int, Attachment] = field(default_factory=dict)
    subscriptions: dict[int, Record] = field(default_factory=dict)
    groups: dict[int, Record] = field(default_factory=dict)
    datasets: dict[int, Record] = field(default_factory=dict)
    keys: Keys = field(default_factory=lambda: Keys(""))
    dialect: str = DOCUMENTED
    release: Release = NEWEST  # of the current dialect
    files_url: str = ""  # of today's file service, without a slash at its end
    settings: Settings = field(default_factory=Settings)
    workflow_ids: Ids = field(default_factory=lambda: Ids(FIRST_WORKFLOW))
    attachment_ids: Ids = field(default_factory=lambda: Ids(FIRST_ATTACHMENT))
    subscription_ids: Ids = field(default_factory=lambda: Ids(FIRST_SUBSCRIPTION))
    changed: Callable[[], None] = (
        _nothing  # to be called when workflows or subscriptions are others than before
    )
    _orders: dict[str, list[int]] = field(default_factory=dict)
    _bytes: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def load(
        self,
        templates: Iterable[Record],
        users: Iterable[Record],
        *,
        groups: Iterable[Record] = (),
        datasets: Iterable[Record] = (),
        dialect: str = DOCUMENTED,
        release: Release = NEWEST,
    ) -> None:
        """Forget everything that happened and hold this account instead, on a server of this dialect and release."""
        with self.lock:
            self.dialect = dialect
            self.release = release
            self.users = {user["id"]: user for user in users}
            self.templates = {template["id"]: template for template in templates}
            self.groups = {group["id"]: group for group in groups}
            self.datasets = {dataset["id"]: dataset for dataset in datasets}
            self.keys.reset()
            self.workflows = {}
            self.subscriptions = {}
            self.forget_files()
            self.workflow_ids = Ids(FIRST_WORKFLOW)
            self.attachment_ids = Ids(FIRST_ATTACHMENT)
            self.subscription_ids = Ids(FIRST_SUBSCRIPTION)
            self.changed()
            self.forget_encoded()
            # Encoded before the first request: the one that is measured first must not pay for the others.
            for id_ in self.templates:
                self.template_row(id_)
                self.template_bytes(id_)
            for id_ in self.users:
                self.user_row(id_)

    def upgrade(self, release: Release) -> None:
        """Answer as another release from now on; all else stays."""
        with self.lock:
            self.release = release
            self.forget_encoded()

    def owner(self) -> Record | None:
        """Return the account's owner, to whom the key of the command line belongs; None for an empty account."""
        users = self.users.values()
        return next((user for user in users if user["is_account_owner"]), next(iter(users), None))

    def user_of_key(self, key: str) -> Record | None:
        """Return the user as whom a key acts; None for a key that is not valid, as a deactivated user's is not."""
        id_ = self.keys.find(key)
        if id_ is None:
            return None
        user = self.owner() if id_ == OWNER else self.users.get(id_)
        return user if user and user["status"] == "active" else None

    def forget_files(self) -> None:
        """Forget all attachments and let go of their bytes."""
        with self.lock:
            for attachment in self.attachments.values():
                for stored in filter(None, (attachment.file, attachment.thumbnail)):
                    stored.close()
            self.attachments = {}

    def shift(self, path: str, action: str) -> None:
        """Insert or delete one row of the listing at ``path``, as another client may between two pages.

        ``insert`` adds a row created now, ``insert_first`` one created before all others; ``delete`` takes the oldest.
        """
        with self.lock:
            if path.startswith("/accounts"):
                self._shift_users(action)
            else:
                self._shift_templates(action)
            self.forget_encoded()

    def _shift_users(self, action: str) -> None:
        if not self.users:
            return
        oldest = next(iter(self.users))
        if action == "delete":
            del self.users[oldest]
            return
        id_ = max(self.users) + 1
        row = {
            **self.users[oldest],
            "id": id_,
            "email": f"added{id_}@example.com",
            "last_name": "Meanwhile",
        }
        self.users = {id_: row, **self.users} if action == "insert_first" else {**self.users, id_: row}

    def _shift_templates(self, action: str) -> None:
        if not self.templates:
            return
        oldest = self.template_ids("date")[0]
        if action == "delete":
            del self.templates[oldest]
            return
        id_ = max(self.templates) + 1
        created = FIRST_MOMENT if action == "insert_first" else now()
        changes = {"id": id_, "name": f"Added while listing {id_}", "date_created": created}
        self.templates[id_] = self.templates[oldest] | changes

    def forget_encoded(self) -> None:
        """Drop every encoded answer; to be called after each change of templates or users."""
        self._orders.clear()
        self._bytes.clear()

    def template_ids(self, ordering: str) -> list[int]:
        """Return all template ids in ``date``, ``name``, ``-date`` or ``-name`` order; the id breaks ties."""
        if ordering not in self._orders:
            key = "date_created" if ordering.endswith("date") else "name"
            self._orders[ordering] = sorted(
                self.templates,
                key=lambda id_: (str(self.templates[id_][key]).casefold(), id_),
                reverse=ordering.startswith("-"),
            )
        return self._orders[ordering]

    def user_ids(self, order: str) -> list[int]:
        """Return all user ids in the order of their creation (``asc``) or the other way round (``desc``)."""
        key = f"users {order}"
        if key not in self._orders:
            self._orders[key] = list(self.users) if order == "asc" else list(reversed(self.users))
        return self._orders[key]

    def template_bytes(self, id_: int) -> bytes:
        """Return a template's detail as JSON."""
        return self._encoded("detail", id_)

    def template_row(self, id_: int) -> bytes:
        """Return a template's item of the list as JSON."""
        return self._encoded("summary", id_)

    def user_row(self, id_: int) -> bytes:
        """Return a user's item of the list as JSON."""
        return self._encoded("user", id_)

    def _encoded(self, shape: str, id_: int) -> bytes:
        data = self._bytes.get((shape, id_))
        if data is None:
            data = self._bytes[shape, id_] = encode(_SHAPES[self.dialect, shape](self, id_))
        return data


_SHAPES: dict[tuple[str, str], Callable[[State, int], Record]] = {
    (DOCUMENTED, "detail"): lambda state, id_: template_detail(state.templates[id_]),
    (DOCUMENTED, "summary"): lambda state, id_: template_summary(state.templates[id_], state.users),
    (DOCUMENTED, "user"): lambda state, id_: user_detail(state.users[id_]),
    (CURRENT, "detail"): lambda state, id_: current.template_detail(
        state.templates[id_], state.users, state.groups, state.release
    ),
    (CURRENT, "summary"): lambda state, id_: current.template_summary(state.templates[id_], state.release),
    (CURRENT, "user"): lambda state, id_: current.user_detail(state.users[id_], state.groups, state.release),
}

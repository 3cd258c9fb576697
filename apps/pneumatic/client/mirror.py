"""The calls that the mirror of templates, users and groups is made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.schemas import Group, Raw, Received, Template, TemplateSummary, User
from apps.pneumatic.client.base import MAX_CONCURRENT_REQUESTS, BaseClient
from apps.pneumatic.dialects.base import InFull
from apps.pneumatic.dialects.shared import receive
from apps.pneumatic.errors import Contradicted, Unavailable, UnexpectedResponse
from apps.pneumatic.transport import errors
from apps.pneumatic.transport.cancellation import Scope
from apps.pneumatic.transport.concurrency import fetch_all
from apps.pneumatic.transport.paging import Progress
from apps.pneumatic.transport.parsing import Node

T = TypeVar("T")

# So many templates may break the server when they are read; with more it is unwell itself.
MAX_BROKEN_TEMPLATES = 3
_SERVER_ERROR = 500
MAX_UNREADABLE_NAMED = 5


class MirrorCalls(BaseClient):
    """Templates, users and groups. Every method makes requests and raises PneumaticError."""

    def list_templates(self) -> list[TemplateSummary]:
        """Return every template that the key may see, active or not, oldest first (Get All Templates)."""
        return [row.read() for row in self.receive_template_list()]

    def receive_template_list(
        self, *, on_progress: Progress | None = None
    ) -> list[Received[TemplateSummary]]:
        """Return the same as ``list_templates``, not parsed yet: ``raw`` shows whether that is needed.

        ``on_progress`` is called with the number of rows so far, and with the announced total or None.
        """
        dialect = self._dialect

        def receive_row(node: Node) -> Received[TemplateSummary]:
            if type(node.value) is dict and dialect.is_foreign(node.value):
                raise errors.contradicted(str(dialect.label))
            return receive(node, dialect.parse_template_summary)

        return self._list(dialect.templates, receive_row, on_progress)

    def receive_templates(
        self,
        listed: Sequence[Received[TemplateSummary]],
        *,
        concurrency: int = 6,
        on_progress: Progress | None = None,
    ) -> list[Received[Template]]:
        """Return these rows of the list in full, in the same order, not parsed yet (Get a Specific Template).

        ``concurrency`` is the number of requests at a time, at most 16. A template that is not found was deleted since
        it was listed, and is left out. One with an invalid response raises UnexpectedResponse when it is read. Any
        other failure cancels the remaining requests and is raised.
        """
        rows = {row.id: row for row in listed}
        with self._expect_found():
            in_full = self._dialect.templates_in_full(self._transport, listed)
        fetch = _setting_aside(in_full)
        return fetch_all(
            lambda id_, scope: fetch(rows[id_], scope),
            list(rows),
            concurrency=max(1, min(concurrency, MAX_CONCURRENT_REQUESTS)),
            on_progress=on_progress,
        )

    def get_template(self, template_id: int) -> Template:
        """Return one template in full (Get a Specific Template); raise NotFound."""
        return self.receive_template(template_id).read()

    def receive_template(
        self,
        template_id: int,
        *,
        known: Raw | None = None,
        is_doubted: bool = False,
        repeat: bool = True,
        read_timeout: float | None = None,
    ) -> Received[Template]:
        """Return one template in full, not parsed yet; raise NotFound.

        ``known`` is its ``raw`` of the last time; if nothing has changed, the result has an equal one. If that
        ``is_doubted``, everything is read again. With ``repeat=False`` no request is retried. ``read_timeout``
        (seconds) can only shorten the client's, for this call.
        """
        transport = self._transport if read_timeout is None else self._transport.limited_to(read_timeout)
        return self._dialect.template(
            transport, template_id, known=None if is_doubted else known or {}, repeat=repeat
        )

    def list_users(self) -> list[User]:
        """Return every user of the account, including the invited and the inactive (Get user list)."""
        return [row.read() for row in self.receive_users()]

    def receive_users(self, *, on_progress: Progress | None = None) -> list[Received[User]]:
        """Return the same, not parsed yet, so that one who cannot be read does not hide the others."""
        parse = partial(receive, parse=self._dialect.parse_user)
        return self._list(self._dialect.users, parse, on_progress)

    def list_groups(self) -> list[Group]:
        """Return the groups of users; none where ``capabilities.groups`` is False."""
        return [row.read() for row in self.receive_groups()]

    def receive_groups(self) -> list[Received[Group]]:
        """Return the same, not parsed yet, so that one which cannot be read does not hide the others."""
        with self._expect_found():
            return self._dialect.groups(self._transport)


def read_or_none(received: Received[T]) -> T | None:
    """Return the object in canonical form; None where it cannot be read."""
    try:
        return received.read()
    except UnexpectedResponse:
        return None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that could not be read: its id (negative: unknown), what users call it, and why, as a sentence."""

    id: int
    name: str
    reason: str


def read_each(rows: Iterable[Received[T]]) -> tuple[list[T], list[Unreadable]]:
    """Return the objects of a list that can be read, and the others: one must not hide the rest.

    Raise Contradicted where the server has another API: then all that was read is doubtful.
    """
    read: list[T] = []
    unreadable: list[Unreadable] = []
    for row in rows:
        try:
            read.append(row.read())
        except Contradicted:
            raise
        except UnexpectedResponse as error:
            unreadable.append(Unreadable(row.id, row.name, error.message))
    return read, unreadable


def unreadable_text(unreadable: Sequence[Unreadable]) -> str:
    """Return which objects could not be read, and why of the first; '' for none."""
    if not unreadable:
        return ""
    names = ", ".join(
        _("“%(name)s” (%(id)s)")
        % {"name": one.name or _("without a name"), "id": one.id if one.id >= 0 else _("no id")}
        for one in unreadable[:MAX_UNREADABLE_NAMED]
    )
    more = len(unreadable) - MAX_UNREADABLE_NAMED
    if more > 0:
        names = _("%(names)s and %(more)d more") % {"names": names, "more": more}
    return _("Could not be read: %(names)s. %(reason)s") % {"names": names, "reason": unreadable[0].reason}


def _setting_aside(in_full: InFull) -> InFull:
    """Return ``in_full`` without the errors that belong to one template: its result raises them when it is read.

    The server may respond with status 500 to a template that it stored badly. It does so to others, too, when it is
    unwell; then reading on would only take long.
    """
    broken: set[int] = set()

    def fetch(row: Received[TemplateSummary], scope: Scope) -> Received[Template] | None:
        try:
            if row.id < 0:
                row.read()
            return in_full(row, scope)
        except Contradicted:
            raise
        except UnexpectedResponse as error:
            return _failing(row, error)
        except Unavailable as error:
            broken.add(row.id)
            if error.status != _SERVER_ERROR or len(broken) > MAX_BROKEN_TEMPLATES:
                raise
            return _failing(row, UnexpectedResponse(error.message, status=error.status))

    return fetch


def _failing(row: Received[TemplateSummary], error: UnexpectedResponse) -> Received[Template]:
    """Return a listed template that cannot be read in full; its ``raw`` is that of no template in full."""

    def read() -> Template:
        raise error

    return Received(id=row.id, raw={}, read=read, name=row.name)

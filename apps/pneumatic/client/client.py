"""The whole Pneumatic API as the rest of the project uses it: typed questions, typed answers, one tree of errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import IO, Any, Self

from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic import detection, dialects, server
from apps.pneumatic.canonical.capabilities import Capabilities
from apps.pneumatic.canonical.events import Kind, Status, WorkflowSnapshot
from apps.pneumatic.canonical.schemas import (
    Answer,
    Group,
    KeyHolder,
    Launched,
    PublicFile,
    Raw,
    Received,
    Subscription,
    TaskOverride,
    Template,
    TemplateSummary,
    Upload,
    Urgency,
    User,
)
from apps.pneumatic.dialects.base import Dialect, Listing
from apps.pneumatic.errors import ConfigurationError, NotFound, UnexpectedResponse
from apps.pneumatic.server import account_zone
from apps.pneumatic.transport import api, errors
from apps.pneumatic.transport.concurrency import fetch_all
from apps.pneumatic.transport.paging import Progress, RowT, read_all
from apps.pneumatic.transport.parsing import Node

# More requests at a time are not asked for by any caller; the pool keeps as many connections.
MOST_CONCURRENT = 16
_KEY = re.compile(r"[\x21-\x7e]+")


class Client:
    """A connection to one Pneumatic account. A context manager: leaving it closes the connections.

    Every method makes requests and raises PneumaticError, except where it says otherwise.
    """

    def __init__(
        self,
        *,
        api_url: str,
        api_key: str,
        dialect: Dialect | None,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._given = dialect
        self._transport = api.Transport(
            base_url=api_url,
            key=api_key,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            pool_size=MOST_CONCURRENT,
        )

    def __repr__(self) -> str:
        return f"<Client {self._transport.base_url} ({self._given.name if self._given else 'not asked yet'})>"

    @property
    def _dialect(self) -> Dialect:
        """Return the generation of the API that is spoken; nobody knows it before the first question of all."""
        if self._given is None:
            self._given = dialects.choose(detection.find(self._transport))
        return self._given

    @property
    def capabilities(self) -> Capabilities:
        """Return what the server can do."""
        return self._dialect.capabilities

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        self._transport.close()

    @property
    def requests_made(self) -> int:
        """Return how many requests were made so far, repeated ones included."""
        return self._transport.requests_made

    def list_templates(self) -> list[TemplateSummary]:
        """Return every template that the key sees, active or not; oldest first."""
        return [row.read() for row in self.receive_template_list()]

    def receive_template_list(
        self, *, on_progress: Progress | None = None
    ) -> list[Received[TemplateSummary]]:
        """Return the same as ``list_templates``, not read yet."""
        dialect = self._dialect

        def receive(node: Node) -> Received[TemplateSummary]:
            if dialect.is_foreign(node.value):
                raise errors.contradicted(str(dialect.label))
            parse = partial(dialect.parse_template_summary, node)
            return Received(id=node.integer("id"), raw=node.value, read=parse)

        return self._list(dialect.templates, receive, on_progress)

    def receive_templates(
        self,
        listed: Sequence[Received[TemplateSummary]],
        *,
        concurrency: int = 6,
        on_progress: Progress | None = None,
    ) -> list[Received[Template]]:
        """Return these rows of the list in full, in this order, not read yet; ``raw`` is all that came of each.

        One that is not found was deleted meanwhile: left out. A failure of any other kind ends the requests under way
        and is raised.
        """
        rows = {row.id: row for row in listed}
        with self._surely_there():
            in_full = self._dialect.templates_in_full(self._transport, listed)
        return fetch_all(
            lambda id_, scope: in_full(rows[id_], scope),
            list(rows),
            concurrency=max(1, min(concurrency, MOST_CONCURRENT)),
            on_progress=on_progress,
        )

    def get_template(self, template_id: int) -> Template:
        """Return one template in full; raise NotFound."""
        return self.receive_template(template_id).read()

    def receive_template(
        self,
        template_id: int,
        *,
        known: Raw | None = None,
        repeat: bool = True,
        read_timeout: float | None = None,
    ) -> Received[Template]:
        """Return one template in full, not read yet; raise NotFound. Without ``repeat`` nothing is asked twice.

        ``known`` is its ``raw`` as it was received last; where nothing has changed, the result has an equal one.
        ``read_timeout`` (seconds) may only shorten the one of the settings, for this call.
        """
        transport = self._transport if read_timeout is None else self._transport.limited_to(read_timeout)
        return self._dialect.template(transport, template_id, known=known or {}, repeat=repeat)

    def list_users(self, *, on_progress: Progress | None = None) -> list[User]:
        """Return every user of the account, those included who are invited or no longer active."""
        return self._list(self._dialect.users, self._dialect.parse_user, on_progress)

    def list_groups(self) -> list[Group]:
        """Return the groups of users; none where the server has no such thing."""
        with self._surely_there():
            return self._dialect.groups(self._transport)

    def key_holder(self) -> KeyHolder | None:
        """Return whom the key belongs to, and remember it; None where the server does not tell."""
        with self._surely_there():
            holder = self._dialect.key_holder(self._transport)
        if holder is not None:
            server.remember_holder(self._dialect.name, holder)
        return holder

    def run_payload(
        self,
        template_id: int,
        *,
        name: str,
        answers: Sequence[Answer],
        tasks: Sequence[TaskOverride] = (),
        urgency: Urgency | None = None,
    ) -> dict[str, Any]:
        """Return the exact body that launches a workflow with these answers.

        Raise ValidationFailed for an answer that the API has no way to say. For a day, it may have to be asked first
        whose key this is: days begin where that person is.
        """
        finding = server.known()
        if any(answer.field.type == "date" for answer in answers) and (finding is None or not finding.holder):
            self.key_holder()
        return self._dialect.run_payload(
            template_id,
            name=name,
            answers=answers,
            tasks=tasks,
            urgency=urgency or Urgency(),
            zone=account_zone(),
        )

    def run_url(self, template_id: int) -> str:
        """Return the URL that a launch is sent to."""
        return self._transport.base_url + self._dialect.run_path(template_id)

    def run(self, template_id: int, *, payload: Mapping[str, Any]) -> Launched:
        """Launch a workflow with exactly this body; sent once, never again.

        Raise Unavailable when it was not sent; ValidationFailed, AuthenticationFailed, PermissionDenied, NotFound or
        RateLimited when the server refused it; OutcomeUnknown when it may have been carried out.
        """
        path = self._dialect.run_path(template_id)
        answer = self._transport.post(path, payload, once=True)
        try:
            return self._dialect.parse_launched(Node(answer))
        except UnexpectedResponse:
            unknown = errors.outcome_unknown()
        raise unknown

    def upload(
        self,
        stream: IO[bytes],
        *,
        filename: str,
        content_type: str,
        size: int,
        thumbnail: bytes | None = None,
    ) -> PublicFile:
        """Bring ``size`` bytes of ``stream`` to Pneumatic and return what a launch names it by.

        ``thumbnail`` is a small picture in the same format, where ``capabilities.thumbnails``. Raise RateLimited
        rather than wait, ValidationFailed for a file that is not taken, ConfigurationError where files cannot be
        uploaded. An upload may always be made again.
        """
        return self._dialect.upload(self._transport, Upload(stream, filename, content_type, size, thumbnail))

    def check_files(self) -> bool:
        """Return whether files can be uploaded, False where only an upload would tell; raise PneumaticError if not."""
        return self._dialect.check_files(self._transport)

    def files_url_seen(self) -> str:
        """Return where the files of this account are, as some workflow shows; '' where none does."""
        with self._surely_there():
            return self._dialect.files_url_seen(self._transport)

    def look_again(self) -> str:
        """Ask anew which generation of the API answers, remember it, and return its name.

        An explicit setting stays in force all the same.
        """
        name = detection.find(self._transport)
        if settings.PNEUMATIC_DIALECT == "auto":
            self._given = dialects.choose(name)
        return name

    def list_subscriptions(self, *, repeat: bool = True) -> list[Subscription]:
        """Return every webhook subscription of the account. Without ``repeat`` there is one attempt only."""
        with self._surely_there():
            return self._dialect.subscriptions(self._transport, repeat=repeat)

    @sensitive_variables("target")
    def subscribe(self, *, kind: Kind, target: str) -> Subscription:
        """Have events of ``kind`` sent to ``target``; sent once.

        Where ``capabilities.one_url_per_event``, the URL that the key's user had there is replaced without a word.
        Raise ValidationFailed when the server refuses the target. After Unavailable or UnexpectedResponse the
        subscription may be there all the same: the list tells.
        """
        with self._surely_there():
            return self._dialect.subscribe(self._transport, kind=kind, target=target)

    def unsubscribe(self, subscription: Subscription) -> None:
        """End one subscription; sent once. Raise NotFound when it is gone already, or has another target by now.

        Where ``capabilities.one_url_per_event``, nobody in the account gets that event any more. After Unavailable or
        UnexpectedResponse it may be gone all the same: the list tells.
        """
        self._dialect.unsubscribe(self._transport, subscription)

    @sensitive_variables("target")
    def unsubscribe_target(self, target: str) -> None:
        """End every subscription of ``target``; otherwise like ``unsubscribe``."""
        self._dialect.unsubscribe_target(self._transport, target)

    def list_workflows(
        self,
        *,
        template_id: int | None = None,
        starter_id: int | None = None,
        status: Status | None = None,
        limit: int | None = None,
    ) -> list[WorkflowSnapshot]:
        """Return the workflows that the key sees, newest first, without their kickoffs; at most ``limit``.

        ``status`` is running, completed or snoozed. Raise ConfigurationError unless ``capabilities.reads_back``.
        """
        dialect = self._dialect
        listing = dialect.workflows(
            template_id=template_id, starter_id=starter_id, status=status, oldest_first=limit is None
        )
        if limit is None:
            return self._list(listing, dialect.parse_workflow, None)[::-1]
        with self._surely_there():
            answer = self._transport.get(listing.path, {**listing.params, "limit": limit, "offset": 0})
        return [dialect.parse_workflow(node) for node in Node(answer).items("results")][:limit]

    def get_workflow(self, workflow_id: int) -> WorkflowSnapshot:
        """Return one workflow with its kickoff; raise NotFound for one that was deleted.

        Raise ConfigurationError unless ``capabilities.reads_back``, PermissionDenied where the key does not see it.
        """
        node = Node(self._transport.get(self._dialect.workflow_path(workflow_id)))
        workflow = self._dialect.parse_workflow(node)
        if workflow.id != workflow_id:
            node.child("id").fail()
        return workflow

    def _list(
        self, listing: Listing, parse: Callable[[Node], RowT], on_progress: Progress | None
    ) -> list[RowT]:
        def fetch(limit: int | None, offset: int) -> Any:
            page = {} if limit is None else {"limit": limit, "offset": offset}
            return self._transport.get(listing.path, {**listing.params, **page})

        with self._surely_there():
            return read_all(fetch, parse, page_size=listing.page_size, on_progress=on_progress)

    @contextmanager
    def _surely_there(self) -> Iterator[None]:
        """Take NotFound for what it is where nothing can have been deleted: another generation answers."""
        try:
            yield
        except NotFound as error:
            raise errors.contradicted(str(self._dialect.label), error.status) from None


def connect(*, read_timeout: float | None = None) -> Client:
    """Return a client for the account that the settings name; raise ConfigurationError. No request is made.

    ``read_timeout`` (seconds) may only shorten the one of the settings.
    """
    if not settings.PNEUMATIC_API_URL:
        raise ConfigurationError(
            _("PNEUMATIC_API_URL is empty. Write the address of Pneumatic's API into it.")
        )
    if not settings.PNEUMATIC_API_KEY:
        raise ConfigurationError(
            _("PNEUMATIC_API_KEY is empty. Write the key from Pneumatic's Integrations page into it.")
        )
    if not _KEY.fullmatch(settings.PNEUMATIC_API_KEY):
        raise ConfigurationError(
            _("PNEUMATIC_API_KEY holds a blank or another character that no key has. Copy the key again.")
        )
    name = detection.name_in_force()
    try:
        return Client(
            api_url=settings.PNEUMATIC_API_URL,
            api_key=settings.PNEUMATIC_API_KEY,
            dialect=dialects.choose(name) if name else None,
            connect_timeout=settings.PNEUMATIC_CONNECT_TIMEOUT,
            read_timeout=min(
                read_timeout or settings.PNEUMATIC_READ_TIMEOUT, settings.PNEUMATIC_READ_TIMEOUT
            ),
        )
    except ValueError:  # how requests refuses a URL
        mistake = ConfigurationError(
            _("PNEUMATIC_API_URL is no address of a server. Write something like https://api.pneumatic.app.")
        )
    raise mistake


def capabilities() -> Capabilities:
    """Return what the server that the settings name can do, as far as that is known. No request is made."""
    name = detection.name_in_force()
    return dialects.choose(name).capabilities if name else Capabilities(is_known=False)


def longest_call() -> float:
    """Return how many seconds a request may take at most with the time-outs of the settings."""
    return api.longest_call(settings.PNEUMATIC_CONNECT_TIMEOUT, settings.PNEUMATIC_READ_TIMEOUT)


def workflow_url(workflow_id: int) -> str:
    """Return the page of a workflow in Pneumatic's own web app."""
    return f"{settings.PNEUMATIC_APP_URL}/workflows/{int(workflow_id)}"

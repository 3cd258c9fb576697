"""The whole Pneumatic API as the rest of the project uses it: typed questions, typed answers, one tree of errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import IO, Any, Self, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic import dialects, failures, transport, uploading
from apps.pneumatic.dialects.base import Dialect, Listing
from apps.pneumatic.errors import ConfigurationError, NotFound, UnexpectedResponse
from apps.pneumatic.events import Kind
from apps.pneumatic.fetching import fetch_all
from apps.pneumatic.pacing import Scope
from apps.pneumatic.paging import Progress, RowT, read_all
from apps.pneumatic.parsing import Node
from apps.pneumatic.schemas import (
    Answer,
    Launched,
    PublicFile,
    Received,
    Subscription,
    TaskOverride,
    Template,
    TemplateSummary,
    UploadTicket,
    User,
)

T = TypeVar("T")

# More requests at a time are not asked for by any caller; the pool keeps as many connections.
MOST_CONCURRENT = 16
# A shorter path holds no token, and blotting it out would garble sentences.
_SHORTEST_SECRET = 8
_KEY = re.compile(r"[\x21-\x7e]+")


class Client:
    """A connection to one Pneumatic account. A context manager: leaving it closes the connections.

    Every method makes requests and raises PneumaticError, except where it says otherwise.
    """

    def __init__(
        self, *, api_url: str, api_key: str, dialect: Dialect, connect_timeout: float, read_timeout: float
    ) -> None:
        self._dialect = dialect
        self._transport = transport.Transport(
            base_url=api_url,
            key=api_key,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            pool_size=MOST_CONCURRENT,
        )

    def __repr__(self) -> str:
        return f"<Client {self._transport.base_url} ({self._dialect.name})>"

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
        """Return every template of the account, active or not; oldest first."""
        return [row.read() for row in self.receive_template_list()]

    def receive_template_list(
        self, *, on_progress: Progress | None = None
    ) -> list[Received[TemplateSummary]]:
        """Return the same as ``list_templates``, not read yet."""
        parse = self._dialect.parse_template_summary
        return self._list(self._dialect.templates, partial(_received, parse=parse), on_progress)

    def list_users(self, *, on_progress: Progress | None = None) -> list[User]:
        """Return every user of the account, invited ones included."""
        return self._list(self._dialect.users, self._dialect.parse_user, on_progress)

    def get_template(self, template_id: int) -> Template:
        """Return one template in full; raise NotFound."""
        return self.receive_template(template_id).read()

    def receive_template(self, template_id: int, *, repeat: bool = True) -> Received[Template]:
        """Return the same as ``get_template``, not read yet. Without ``repeat`` there is one attempt only."""
        return self._template(template_id, Scope(), repeat=repeat)

    def get_templates(
        self, ids: Sequence[int], *, concurrency: int = 6, on_progress: Progress | None = None
    ) -> list[Template]:
        """Return these templates in full, in this order. One that is not found was deleted meanwhile: left out.

        A failure of any other kind ends the requests under way and is raised.
        """
        received = self.receive_templates(ids, concurrency=concurrency, on_progress=on_progress)
        return [template.read() for template in received]

    def receive_templates(
        self, ids: Sequence[int], *, concurrency: int = 6, on_progress: Progress | None = None
    ) -> list[Received[Template]]:
        """Return the same as ``get_templates``, not read yet."""

        def fetch(template_id: int, scope: Scope) -> Received[Template] | None:
            try:
                return self._template(template_id, scope)
            except NotFound:
                return None

        return fetch_all(
            fetch, ids, concurrency=max(1, min(concurrency, MOST_CONCURRENT)), on_progress=on_progress
        )

    def run_payload(
        self, template_id: int, *, name: str, answers: Sequence[Answer], tasks: Sequence[TaskOverride] = ()
    ) -> dict[str, Any]:
        """Return the exact body that launches a workflow with these answers. No request is made.

        Raise ValidationFailed for an answer that the API has no way to say.
        """
        return self._dialect.run_payload(template_id, name=name, answers=answers, tasks=tasks)

    def run_url(self, template_id: int) -> str:
        """Return the URL that a launch is sent to. No request is made."""
        return self._transport.base_url + self._dialect.run_path(template_id)

    def run(self, template_id: int, *, payload: Mapping[str, Any]) -> Launched:
        """Launch a workflow with exactly this body; sent once, never again.

        Raise Unavailable when it was not sent; ValidationFailed, AuthenticationFailed, PermissionDenied, NotFound or
        RateLimited when the server refused it; OutcomeUnknown when it may have been carried out.
        """
        answer = self._transport.post(self._dialect.run_path(template_id), payload, once=True)
        try:
            return self._dialect.parse_launched(Node(answer))
        except UnexpectedResponse:
            unknown = failures.outcome_unknown()
        raise unknown

    def announce_file(self, *, filename: str, content_type: str, size: int, thumbnail: bool) -> UploadTicket:
        """Return where to put a file of ``size`` bytes."""
        body = self._dialect.announce_payload(
            filename=filename, content_type=content_type, size=size, thumbnail=thumbnail
        )
        return self._dialect.parse_ticket(Node(self._transport.post(self._dialect.announce_path, body)))

    @sensitive_variables("url")
    def put_file(self, url: str, stream: IO[bytes], *, content_type: str, size: int) -> None:
        """Send ``size`` bytes of ``stream`` to the URL of a ticket, without the API key."""
        self._transport.count_request()
        uploading.put(url, stream, content_type=content_type, size=size, timeout=self._transport.timeout)

    def publish_file(self, attachment_id: int) -> PublicFile:
        """Make an uploaded file visible to others and return where it is."""
        answer = self._transport.post(self._dialect.publish_path(attachment_id))
        return self._dialect.parse_public_file(Node(answer))

    def list_subscriptions(self, *, repeat: bool = True) -> list[Subscription]:
        """Return every webhook subscription of the account. Without ``repeat`` there is one attempt only."""
        try:
            answer = self._transport.get(self._dialect.subscriptions_path, repeat=repeat)
        except NotFound as error:
            missing = _no_api(error.status)
        else:
            return [
                self._dialect.parse_subscription(node) for node in _whole_list(Node(answer, key="webhooks"))
            ]
        raise missing

    @sensitive_variables("target", "fields")
    def subscribe(self, *, kind: Kind, target: str) -> Subscription:
        """Have events of ``kind`` sent to ``target``; sent once.

        Raise ValidationFailed when the server refuses the target. After Unavailable or UnexpectedResponse the
        subscription may be there all the same: the list tells.
        """
        fields = {"target": target, "event": self._dialect.event_names[kind]}
        try:
            answer = self._transport.send_form(
                "POST", self._dialect.subscriptions_path, fields, secrets=_secrets(target)
            )
        except NotFound as error:
            missing = _no_api(error.status)
        else:
            return self._dialect.parse_subscription(Node(answer))
        raise missing

    def unsubscribe(self, subscription_id: int) -> None:
        """Delete one subscription; sent once. Raise NotFound when it is gone already.

        After Unavailable or UnexpectedResponse it may be gone all the same: the list tells.
        """
        _check_ok(self._transport.send_form("DELETE", self._dialect.subscription_path(subscription_id)))

    @sensitive_variables("target")
    def unsubscribe_target(self, target: str) -> None:
        """Delete every subscription of ``target``; otherwise like ``unsubscribe``."""
        answer = self._transport.send_form(
            "DELETE", self._dialect.target_path, {"target": target}, secrets=_secrets(target)
        )
        _check_ok(answer)

    def _template(self, template_id: int, scope: Scope, *, repeat: bool = True) -> Received[Template]:
        path = self._dialect.template_path(template_id)
        answer = self._transport.get(path, scope=scope, repeat=repeat)
        # Of thousands of templates, the error has to say which one is amiss.
        node = Node(answer, key=f"templates[{template_id}]")
        received = _received(node, parse=self._dialect.parse_template)
        if received.id != template_id:
            node.child("id").fail()
        return received

    def _list(
        self, listing: Listing, parse: Callable[[Node], RowT], on_progress: Progress | None
    ) -> list[RowT]:
        def fetch(limit: int, offset: int) -> Any:
            return self._transport.get(listing.path, {**listing.params, "limit": limit, "offset": offset})

        try:
            return read_all(fetch, parse, page_size=listing.page_size, on_progress=on_progress)
        except NotFound as error:
            # Nothing was deleted here: a server without the list is another server.
            missing = _no_api(error.status)
        raise missing


def _no_api(status: int | None) -> UnexpectedResponse:
    return UnexpectedResponse(
        _("There is no Pneumatic API at this address. Check PNEUMATIC_API_URL."), status=status
    )


def _whole_list(node: Node) -> Iterator[Node]:
    """Yield the rows of a list that has no pages: a bare array, or an envelope that holds all of it."""
    if type(node.value) is not dict:
        return node.members()
    rows = node.child("results")
    if not node.is_null("next"):
        node.child("next").fail()  # half a list would look as if the rest had been deleted
    return rows.members()


def _check_ok(answer: Any) -> None:
    """Raise UnexpectedResponse unless ``answer`` is empty or says that it is ok."""
    if answer is not None and Node(answer).flag("ok") is not True:
        Node(answer).child("ok").fail()


def _secrets(target: str) -> tuple[str, ...]:
    """Return what of a target no error may repeat: our own receiver's path is a secret."""
    path = target.partition("://")[2].partition("/")[2].strip("/")
    return tuple(part for part in (target, path) if len(part) >= _SHORTEST_SECRET)


def _received(node: Node, *, parse: Callable[[Node], T]) -> Received[T]:
    return Received(id=node.integer("id"), raw=node.value, read=partial(parse, node))


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
    dialect = dialects.choose(settings.PNEUMATIC_DIALECT)
    try:
        return Client(
            api_url=settings.PNEUMATIC_API_URL,
            api_key=settings.PNEUMATIC_API_KEY,
            dialect=dialect,
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


def longest_call() -> float:
    """Return how many seconds a request may take at most with the time-outs of the settings."""
    return transport.longest_call(settings.PNEUMATIC_CONNECT_TIMEOUT, settings.PNEUMATIC_READ_TIMEOUT)


def workflow_url(workflow_id: int) -> str:
    """Return the page of a workflow in Pneumatic's own web app."""
    return f"{settings.PNEUMATIC_APP_URL}/workflows/{int(workflow_id)}"

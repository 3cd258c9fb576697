"""Changes of subscriptions as single operations: shown before they are applied, each with a result afterwards.

An operation can be applied again: what exists is not created twice, and what has ended is not an error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from operator import attrgetter

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription as Wire
from apps.pneumatic.errors import NotFound, PneumaticError, ValidationFailed
from apps.webhooks.models import Subscription
from apps.webhooks.subscriptions import mirror, remote
from apps.webhooks.subscriptions.remote import RemoteSubscriptions, UrlConflictError
from apps.webhooks.subscriptions.targets import fingerprint

logger = logging.getLogger(__name__)

# The user who requested a change; None for the command line and the worker.
Who = AbstractBaseUser | AnonymousUser | None

# They concern one operation. After any other failure the next operation would fail in the same way, and as slowly.
_OF_ONE_OPERATION = (ValidationFailed, NotFound, UrlConflictError)


class OperationState(StrEnum):
    """The result of an operation."""

    DONE = "done"
    ALREADY = "already"  # nothing was left to do
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Operation:
    """Subscribe ``target`` to ``kind``, or, with a ``subscription_id``, end that subscription of ``target``.

    ``event`` is the API's name of what ends. ``replaces`` is the URL that subscribing may replace, where the API has
    one URL per event.
    """

    kind: Kind | None
    target: str = field(repr=False)
    replaces: str = field(default="", repr=False)
    reason: str = field(default="", compare=False)
    subscription_id: int | None = None
    event: str = ""

    @property
    def is_ending(self) -> bool:
        """Whether this ends a subscription."""
        return self.subscription_id is not None

    @property
    def key(self) -> str:
        """A short identifier for forms that reveals nothing; it changes with what the operation does."""
        number = str(self.subscription_id)
        return fingerprint(self.target, self.kind or "", number, self.event, self.replaces)[:16]


@dataclass(frozen=True, slots=True)
class OperationResult:
    """The result of an operation: ``subscription_id`` is the subscription that now exists or has ended.

    ``error`` is a sentence. ``is_refused``: Pneumatic rejected it, and a retry will not help. ``is_conflict``: the
    event has another URL than the one that may be replaced. ``is_concealed``: Pneumatic accepted it, and goes on to
    list another user's URL. ``is_server_error``: Pneumatic failed with HTTP 500, as it does for a URL that another user
    of the account has for the event.
    """

    operation: Operation
    state: OperationState
    error: str = ""
    subscription_id: int | None = None
    is_refused: bool = False
    is_conflict: bool = False
    is_concealed: bool = False
    is_server_error: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether the subscriptions are as the operation wanted them."""
        return self.state in {OperationState.DONE, OperationState.ALREADY}


def unsubscribe(row: Subscription | Wire, *, reason: str = "") -> Operation:
    """Return the operation that ends ``row``, provided that it still has its target."""
    kind = Kind(row.kind) if row.kind else None
    return Operation(kind, row.target, reason=reason, subscription_id=row.id, event=row.event)


def apply(operations: Iterable[Operation], user: Who = None) -> list[OperationResult]:
    """Apply ``operations`` in one session, subscribing first; return a result for each, and raise no failure.

    So a replacement is made before what it replaces ends; where it failed, the old subscription stays.
    """
    ordered = sorted(dict.fromkeys(operations), key=attrgetter("is_ending"))
    if not ordered:
        return []
    try:
        with remote.session() as account:
            return apply_in(account, ordered, user)
    except remote.FAILURES as failure:
        return [OperationResult(each, OperationState.FAILED, str(failure)) for each in ordered]


def apply_in(
    account: RemoteSubscriptions, operations: Sequence[Operation], user: Who = None
) -> list[OperationResult]:
    """Apply ``operations`` in the order given, in a session of the caller."""
    results: list[OperationResult] = []
    stopped = ""
    for operation in operations:
        skipped = stopped or _would_leave_a_gap(operation, results)
        if skipped:
            results.append(OperationResult(operation, OperationState.SKIPPED, skipped))
            continue
        try:
            result = _apply(account, operation)
        except (*_OF_ONE_OPERATION, *remote.FAILURES) as failure:
            result = _failed(account, operation, failure)
            if not isinstance(failure, _OF_ONE_OPERATION) and not result.is_server_error:
                stopped = _("Not tried, because a change before it failed.")
        results.append(result)
        _log(result, user)
    return results


def _failed(account: RemoteSubscriptions, operation: Operation, failure: Exception) -> OperationResult:
    error = str(failure)
    has_status = isinstance(failure, PneumaticError) and failure.status == HTTPStatus.INTERNAL_SERVER_ERROR
    is_replacing = account.one_url_per_event and not operation.is_ending and operation.kind is not None
    # An event without any URL has none of another user: then the server fails for a reason that we do not know.
    is_server_error = (
        has_status and is_replacing and any(row.kind == operation.kind for row in account.rows.values())
    )
    if is_server_error:
        error = _(
            "Pneumatic responded with HTTP 500. Perhaps another user of the account has this URL, from the time of "
            "an earlier API key. Then unsubscribe the event, which ends it for all users, and subscribe again."
        )
    return OperationResult(
        operation,
        OperationState.FAILED,
        error,
        is_refused=isinstance(failure, ValidationFailed),
        is_conflict=isinstance(failure, UrlConflictError),
        is_server_error=is_server_error,
    )


def _would_leave_a_gap(operation: Operation, before: Iterable[OperationResult]) -> str:
    """Return why ``operation`` must not be applied; "" when it may."""
    failed = {
        result.operation.kind for result in before if not result.is_ok and not result.operation.is_ending
    }
    if operation.is_ending and operation.kind in failed:
        return _("Kept, because its replacement could not be created.")
    return ""


def _apply(account: RemoteSubscriptions, operation: Operation) -> OperationResult:
    id_, kind = operation.subscription_id, operation.kind
    if id_ is not None:
        row = account.rows.get(id_)
        if row is not None and row.target != operation.target:
            error = _("This subscription has changed. Check it before you end it.")
            return OperationResult(operation, OperationState.FAILED, error, subscription_id=id_)
        state = OperationState.DONE if account.unsubscribe(id_) else OperationState.ALREADY
        return OperationResult(operation, state, subscription_id=id_)
    assert kind is not None  # noqa: S101 - only an unknown event has no kind, and it can only end
    made, is_new = account.subscribe(kind, operation.target, replacing=operation.replaces)
    state = OperationState.DONE if is_new else OperationState.ALREADY
    return OperationResult(operation, state, subscription_id=made.id, is_concealed=mirror.is_concealed(made))


def _log(result: OperationResult, user: Who) -> None:
    # Without the target, which may contain a secret.
    operation = result.operation
    logger.info(
        "%s: %s %s for %s: %s",
        "unsubscribe" if operation.is_ending else "subscribe",
        operation.kind or operation.event,
        result.subscription_id or "",
        user.get_username() if user is not None else "the system",
        result.state.value,
    )

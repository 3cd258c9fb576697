"""Changes of subscriptions as single steps that can be shown before they are made, and told one by one afterwards.

Every step may be made again: what is there already is not made twice, what is gone is not missed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.errors import NotFound, PneumaticError, ValidationFailed
from apps.webhooks.subscriptions import mirror, remote
from apps.webhooks.subscriptions.leases import LeaseHeldError, LeaseLostError
from apps.webhooks.subscriptions.remote import RemoteSubscriptions, TakenError
from apps.webhooks.subscriptions.targets import fingerprint

logger = logging.getLogger(__name__)

# Who asked; nobody for the command line and the worker.
Who = AbstractBaseUser | AnonymousUser | None

# They concern one step only; after anything else the next step would fail just the same, and as slowly.
_OF_ONE_STEP = (ValidationFailed, NotFound, TakenError)


class OperationKind(StrEnum):
    """What a step does."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class OperationState(StrEnum):
    """What became of a step."""

    DONE = "done"
    ALREADY = "already"  # there was nothing left to do
    FAILED = "failed"
    SKIPPED = "skipped"  # not tried


@dataclass(frozen=True, slots=True)
class Operation:
    """Subscribe ``target`` to ``kind``, or end the subscription ``subscription_id``. ``event`` is the wire's name.

    ``replaces`` is the address that subscribing may take the event from, where there is one URL for each event.
    """

    action: OperationKind
    target: str = field(repr=False)
    kind: Kind | None = None
    subscription_id: int | None = None
    event: str = ""
    replaces: str = field(default="", repr=False)
    reason: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Return a short name for forms that tells nothing; it changes with what the step does."""
        numbers = [self.action, self.target, self.kind or "", str(self.subscription_id), self.event]
        return fingerprint(*numbers, self.replaces)[:16]


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What became of ``step``; ``error`` is a sentence, ``subscription_id`` the subscription that is there or gone now.

    ``is_refusal`` tells that Pneumatic looked at it and said no: trying again will not help. ``is_taken`` tells that
    another address has the event than the one that may be replaced: somebody has to be asked. ``is_concealed`` tells
    that Pneumatic took it, and that its list goes on showing another user's address for the event.
    """

    step: Operation
    state: OperationState
    error: str = ""
    subscription_id: int | None = None
    is_refusal: bool = False
    is_taken: bool = False
    is_concealed: bool = False

    @property
    def is_ok(self) -> bool:
        """Return True when things are as the step wanted them."""
        return self.state in {OperationState.DONE, OperationState.ALREADY}


def subscribe(kind: Kind, target: str, *, replaces: str = "", reason: str = "") -> Operation:
    """Return the step that subscribes ``target`` to ``kind``, in place of ``replaces`` and of nothing else."""
    return Operation(OperationKind.SUBSCRIBE, target, kind=kind, replaces=replaces, reason=reason)


def unsubscribe(
    subscription_id: int, *, target: str, kind: Kind | None = None, event: str = "", reason: str = ""
) -> Operation:
    """Return the step that ends one subscription, provided that it is still the one of ``target``."""
    return Operation(
        OperationKind.UNSUBSCRIBE,
        target,
        kind=kind,
        subscription_id=subscription_id,
        event=event,
        reason=reason,
    )


def carry_out(steps: Iterable[Operation], user: Who = None) -> list[OperationResult]:
    """Make ``steps``, what is to be subscribed first; return an outcome for each. No failure of Pneumatic is raised.

    What replaces something comes before what it replaces, and where the new one could not be made the old one stays.
    """
    ordered = sorted(dict.fromkeys(steps), key=lambda step: step.action == OperationKind.UNSUBSCRIBE)
    if not ordered:
        return []
    try:
        with remote.conversation() as account:
            return carry_out_in(account, ordered, user)
    except (PneumaticError, LeaseHeldError, LeaseLostError) as refusal:
        return [OperationResult(step, OperationState.FAILED, str(refusal)) for step in ordered]


def carry_out_in(
    account: RemoteSubscriptions, steps: Sequence[Operation], user: Who = None
) -> list[OperationResult]:
    """Do the same in a conversation that is under way, in the order given; raise nothing of Pneumatic's either."""
    outcomes: list[OperationResult] = []
    stopped = ""
    for step in steps:
        if stopped:
            outcomes.append(OperationResult(step, OperationState.SKIPPED, stopped))
        elif _would_leave_a_gap(step, outcomes):
            outcomes.append(
                OperationResult(
                    step, OperationState.SKIPPED, _("Kept, because what is to replace it could not be made.")
                )
            )
        else:
            outcome, stopped = _carry_out(account, step)
            outcomes.append(outcome)
            _log(outcome, user)
    return outcomes


def _would_leave_a_gap(step: Operation, before: Iterable[OperationResult]) -> bool:
    return step.action == OperationKind.UNSUBSCRIBE and any(
        outcome.step.action == OperationKind.SUBSCRIBE
        and outcome.step.kind == step.kind
        and not outcome.is_ok
        for outcome in before
    )


def _carry_out(account: RemoteSubscriptions, step: Operation) -> tuple[OperationResult, str]:
    """Return the outcome, and why nothing more should be tried ("" to go on)."""
    try:
        return _make(account, step), ""
    except _OF_ONE_STEP as refusal:
        refused, taken = isinstance(refusal, ValidationFailed), isinstance(refusal, TakenError)
        return OperationResult(
            step, OperationState.FAILED, str(refusal), is_refusal=refused, is_taken=taken
        ), ""
    except (PneumaticError, LeaseLostError) as failure:
        return OperationResult(step, OperationState.FAILED, str(failure)), _(
            "Not tried, because a step before it failed."
        )


def _make(account: RemoteSubscriptions, step: Operation) -> OperationResult:
    if step.action == OperationKind.SUBSCRIBE:
        assert step.kind is not None  # noqa: S101 - so made by ``subscribe`` above
        row, made = account.subscribe(step.kind, step.target, replacing=step.replaces)
        state = OperationState.DONE if made else OperationState.ALREADY
        return OperationResult(step, state, subscription_id=row.id, is_concealed=mirror.is_concealed(row))
    id_ = step.subscription_id
    assert id_ is not None  # noqa: S101 - so made by ``unsubscribe`` above
    there = account.rows.get(id_)
    if there is not None and there.target != step.target:
        error = _("This subscription was changed meanwhile. Look at it again before you end it.")
        return OperationResult(step, OperationState.FAILED, error, subscription_id=id_)
    ended = account.unsubscribe(id_)
    return OperationResult(
        step, OperationState.DONE if ended else OperationState.ALREADY, subscription_id=id_
    )


def _log(outcome: OperationResult, user: Who) -> None:
    # No target: it may hold a secret.
    name = user.get_username() if user is not None else "the system"
    step = outcome.step
    logger.info(
        "%s: %s %s for %s: %s",
        step.action.value,
        step.kind or step.event,
        outcome.subscription_id or "",
        name,
        outcome.state.value,
    )

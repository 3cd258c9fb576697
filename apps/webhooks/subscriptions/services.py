"""What Pneumatic sends where: what it has now, what this dashboard wants, and changes of both.

*Wanted* is what people asked for here; it is written before Pneumatic is asked, so that what could not be made is
seen as missing (``drift.py``) and not forgotten.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import capabilities
from apps.pneumatic.errors import PermissionDenied, PneumaticError
from apps.webhooks import endpoints
from apps.webhooks.models import Subscription, WantedSubscription
from apps.webhooks.subscriptions import mirror, operations, remote, targets
from apps.webhooks.subscriptions.leases import LeaseHeldError, LeaseLostError
from apps.webhooks.subscriptions.operations import OperationResult, OperationState, Who
from apps.webhooks.subscriptions.targets import TargetCheck
from apps.webhooks.subscriptions.targets import check_target as check_target


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last known state: ``fetched_at`` is its age (None: never listed), ``error`` why the last attempt failed.

    ``is_denied`` tells that this attempt failed because the key's user may not manage webhooks.
    """

    rows: tuple[Subscription, ...]
    fetched_at: dt.datetime | None
    attempted_at: dt.datetime | None
    error: str
    is_denied: bool = False


def snapshot() -> Snapshot:
    """Return the last known state, by event and target. No request is made."""
    state = mirror.state()
    return Snapshot(tuple(mirror.rows()), state.fetched_at, state.attempted_at, state.error)


def refresh(*, patience: float | None = None) -> Snapshot:
    """List the subscriptions anew and return the state; when that fails, the last known one with the reason.

    ``patience`` (seconds) bounds each wait, for somebody who waits for a page.
    """
    try:
        with remote.conversation(patience=patience):
            pass
    except PermissionDenied:
        return replace(snapshot(), is_denied=True)
    except PneumaticError:
        pass  # recorded, and part of the snapshot
    except (LeaseHeldError, LeaseLostError) as busy:
        before = snapshot()
        return Snapshot(before.rows, before.fetched_at, before.attempted_at, str(busy))
    return snapshot()


def wanted() -> list[WantedSubscription]:
    """Return what this dashboard wants, with who wants it."""
    return list(WantedSubscription.objects.select_related("requested_by").order_by("target", "kind"))


def proposed_target() -> str:
    """Return our own receiver's address, the target that is proposed; "" while PUBLIC_URL is empty."""
    return endpoints.target(endpoints.active())


def not_sent_to_us(rows: Iterable[Subscription]) -> list[str]:
    """Return the kinds of events that no subscription among ``rows`` has sent to our own receiver.

    Where there is one URL for each event, the address that a rotation is bringing counts: it has taken the place.
    """
    ours = {targets.normalised(proposed_target())}
    if capabilities().one_url_per_event and (pending := endpoints.pending()) is not None:
        ours.add(targets.normalised(endpoints.target(pending)))
    sent = {row.kind for row in rows if targets.normalised(row.target) in ours}
    return [kind.value for kind in Kind if kind.value not in sent]


def to_replace(kinds: Iterable[Kind], target: str = "") -> dict[Kind, str]:
    """Return the addresses that lose these events to ``target`` ("": our own receiver), as far as is known.

    None do where Pneumatic can send an event to several.
    """
    address = target.strip() or proposed_target()
    if not capabilities().one_url_per_event:
        return {}
    rows = mirror.rows()
    there = {kind: row.target for kind in kinds if (row := mirror.held(rows, kind)) is not None}
    return {kind: other for kind, other in there.items() if not targets.is_same(other, address)}


def subscribe(
    user: Who, kinds: Iterable[Kind | str], target: str = "", *, replacing: Mapping[Kind, str] | None = None
) -> list[OperationResult]:
    """Have events of these kinds sent to ``target`` ("": our own receiver); return an outcome for each kind.

    What is there already is left as it is. Where there is one URL for each event, ``replacing`` names the addresses
    that may lose theirs; an event that another address has is left to it. Raise ValueError, with a sentence, for a
    target that cannot work.
    """
    chosen = [Kind(kind) for kind in dict.fromkeys(kinds)]
    address, stored = _address(target)
    new = _want(user, chosen, stored)
    may_lose = replacing or {}
    planned = [operations.subscribe(kind, address, replaces=may_lose.get(kind, "")) for kind in chosen]
    outcomes = operations.carry_out(planned, user)
    for outcome in outcomes:
        if outcome.is_refusal and outcome.step.kind in new:
            _unwant([outcome.step.kind], stored)  # Pneumatic will never take it: nothing to repair
    if capabilities().one_url_per_event:
        # What was replaced cannot be had besides: whoever replaced it wants it no longer.
        made = [outcome.step.kind for outcome in outcomes if outcome.is_ok]
        WantedSubscription.objects.filter(kind__in=made).exclude(target=stored).delete()
    return outcomes


def unsubscribe(user: Who, subscription_id: int) -> OperationResult:
    """End one subscription; raise Subscription.DoesNotExist for an id that the mirror does not know."""
    row = Subscription.objects.get(pk=subscription_id)
    kind = Kind(row.kind) if row.kind else None
    step = operations.unsubscribe(row.pk, target=row.target, kind=kind, event=row.event)
    (outcome,) = operations.carry_out([step], user)
    if outcome.is_ok and kind is not None and not _is_sent(kind, row.target):
        _unwant([kind], _stored(row.target))
    return outcome


def unsubscribe_target(user: Who, target: str) -> list[OperationResult]:
    """End every subscription of exactly ``target``; return an outcome for each."""
    rows = Subscription.objects.filter(removed_at=None, target=target, id__gte=0).order_by("id")
    planned = [
        operations.unsubscribe(
            row.pk, target=target, kind=Kind(row.kind) if row.kind else None, event=row.event
        )
        for row in rows
    ]
    try:
        with remote.conversation() as account:
            ended = account.unsubscribe_target(target)
    except (PneumaticError, LeaseHeldError, LeaseLostError) as refusal:
        return [OperationResult(step, OperationState.FAILED, str(refusal)) for step in planned]
    stored = _stored(target)
    _unwant([kind for kind in Kind if not _is_sent(kind, target)], stored)
    return [
        OperationResult(
            step,
            OperationState.DONE if step.subscription_id in ended else OperationState.ALREADY,
            subscription_id=step.subscription_id,
        )
        for step in planned
    ]


def give_up(user: Who, wanted_id: int) -> None:
    """Want something no longer, whatever Pneumatic has."""
    WantedSubscription.objects.filter(pk=wanted_id).delete()


def _address(target: str) -> tuple[str, str]:
    """Return what Pneumatic is told and what is stored as wanted; raise ValueError with a sentence."""
    address = target.strip() or proposed_target()
    if not address:
        raise ValueError(
            _("PUBLIC_URL is empty, so our receiver has no address. Write it into the settings.")
        )
    check: TargetCheck = check_target(address)
    if check.errors:
        raise ValueError(" ".join(check.errors))
    return address, _stored(address)


def _stored(target: str) -> str:
    """Return how a target is stored as wanted: "" for our own receiver, which changes its address."""
    is_own = targets.is_ours(target) or targets.endpoint_of(target) is not None
    return "" if is_own else target


def _want(user: Who, kinds: Sequence[Kind], stored: str) -> set[Kind]:
    """Write down what is wanted; return the kinds that were not yet."""
    known = {row.kind for row in WantedSubscription.objects.filter(target=stored)}
    WantedSubscription.objects.bulk_create(
        [
            WantedSubscription(
                kind=kind.value,
                target=stored,
                requested_by_id=user.pk if user is not None else None,
                requested_at=timezone.now(),
            )
            for kind in kinds
        ],
        ignore_conflicts=True,
    )
    return {kind for kind in kinds if kind.value not in known}


def _unwant(kinds: Iterable[Kind | None], stored: str) -> None:
    values = [kind.value for kind in kinds if kind is not None]
    WantedSubscription.objects.filter(kind__in=values, target=stored).delete()


def _is_sent(kind: Kind, target: str) -> bool:
    """Return whether some subscription still sends ``kind`` to ``target``, or to our receiver if that is what it is."""
    rows = Subscription.objects.filter(removed_at=None, kind=kind.value).values_list("target", flat=True)
    if not _stored(target):
        ours = targets.endpoints_by_token()
        return any(targets.endpoint_of(other, ours) is not None for other in rows)
    return any(targets.is_same(other, target) for other in rows)

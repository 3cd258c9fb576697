"""Read and change subscriptions: what Pneumatic has, and what this dashboard expects it to have.

*Expected* is what users requested here. It is written before the request to Pneumatic, so that a subscription that
could not be created is shown as missing (``drift.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from apps.core.database import clock
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import capabilities
from apps.pneumatic.errors import PermissionDenied, PneumaticError
from apps.webhooks import endpoints
from apps.webhooks.models import Subscription, WantedSubscription
from apps.webhooks.subscriptions import mirror, operations, remote, targets
from apps.webhooks.subscriptions.leases import LeaseError
from apps.webhooks.subscriptions.operations import Operation, OperationResult, OperationState, Who
from apps.webhooks.subscriptions.targets import OwnEndpoints


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last known subscriptions, listed at ``fetched_at`` (None: never), and why the last attempt failed.

    ``is_denied``: it failed because the user of the API key may not manage webhooks. ``is_incomplete``: some
    could not be read, and are as they were known before.
    """

    rows: tuple[Subscription, ...]
    fetched_at: dt.datetime | None
    attempted_at: dt.datetime | None
    error: str
    is_denied: bool = False
    is_incomplete: bool = False


def snapshot() -> Snapshot:
    """Return the last known subscriptions, by event and target, without a request."""
    state = mirror.state()
    rows = tuple(mirror.rows())
    return Snapshot(
        rows, state.fetched_at, state.attempted_at, state.error, is_incomplete=state.is_incomplete
    )


def refresh(*, timeout_seconds: float | None = None) -> Snapshot:
    """List the subscriptions again; when that fails, return the last known ones with the error.

    ``timeout_seconds`` limits each wait, for a user who waits for a page.
    """
    try:
        with remote.session(timeout_seconds=timeout_seconds):
            return snapshot()
    except PermissionDenied:
        return replace(snapshot(), is_denied=True)
    except PneumaticError:
        return snapshot()  # the session recorded the error
    except LeaseError as error:
        return replace(snapshot(), error=str(error))


def expected() -> list[WantedSubscription]:
    """Return what this dashboard expects, with the users who requested it."""
    return list(WantedSubscription.objects.select_related("requested_by").order_by("target", "kind"))


def proposed_target() -> str:
    """Return the URL of our active endpoint; "" while PUBLIC_URL is empty."""
    return endpoints.target(endpoints.active())


def not_sent_to_us(rows: Iterable[Subscription]) -> list[str]:
    """Return the kinds of events that no subscription among ``rows`` sends to our endpoint.

    Where the API has one URL per event, the pending endpoint of a rotation counts: it replaced the active one.
    """
    ours = [proposed_target()]
    if capabilities().one_url_per_event and (pending := endpoints.pending()) is not None:
        ours.append(endpoints.target(pending))
    sent = {row.kind for row in rows if any(targets.is_same(row.target, url) for url in ours)}
    return [kind.value for kind in Kind if kind.value not in sent]


def to_replace(kinds: Iterable[Kind], target: str = "") -> dict[Kind, str]:
    """Return the known URLs that lose these events to ``target`` ("": our endpoint).

    It is empty where Pneumatic can send an event to several URLs.
    """
    url = target.strip() or proposed_target()
    if not capabilities().one_url_per_event:
        return {}
    rows = mirror.rows()
    present = {kind: row.target for kind in kinds if (row := mirror.current(rows, kind)) is not None}
    return {kind: other for kind, other in present.items() if not targets.is_same(other, url)}


def subscribe(
    user: Who, kinds: Iterable[Kind | str], target: str = "", *, replacing: Mapping[Kind, str] | None = None
) -> list[OperationResult]:
    """Subscribe ``target`` ("": our endpoint) to events of these kinds; return a result for each kind.

    Existing subscriptions stay. Where the API has one URL per event, only the URLs in ``replacing`` are replaced.
    Raise ValueError, with a sentence, for a target that cannot work.
    """
    chosen = [Kind(kind) for kind in dict.fromkeys(kinds)]
    url, stored = _checked(target)
    new = _expect(user, chosen, stored)
    may_replace = replacing or {}
    planned = [Operation(kind, url, replaces=may_replace.get(kind, "")) for kind in chosen]
    results = operations.apply(planned, user)
    # Pneumatic will never accept what it refused, so a repair cannot help.
    _stop_expecting(new & {each.operation.kind for each in results if each.is_refused}, stored)
    if capabilities().one_url_per_event:
        # The URLs that were replaced cannot be had as well.
        made = [each.operation.kind for each in results if each.is_ok]
        WantedSubscription.objects.filter(kind__in=made).exclude(target=stored).delete()
    return results


def unsubscribe(user: Who, subscription_id: int) -> OperationResult:
    """End one subscription; raise Subscription.DoesNotExist for an id that the mirror does not have."""
    row = Subscription.objects.get(pk=subscription_id)
    (result,) = operations.apply([operations.unsubscribe(row)], user)
    if result.is_ok:
        _stop_expecting_ended(row.target, [Kind(row.kind)] if row.kind else [])
    return result


def unsubscribe_target(user: Who, target: str) -> list[OperationResult]:
    """End every subscription of exactly ``target`` with one request; return a result for each."""
    rows = Subscription.objects.filter(removed_at=None, target=target, id__gte=0).order_by("id")
    planned = [operations.unsubscribe(row) for row in rows]
    try:
        with remote.session() as account:
            ended = account.unsubscribe_target(target)
    except remote.FAILURES as failure:
        return [OperationResult(each, OperationState.FAILED, str(failure)) for each in planned]
    _stop_expecting_ended(target, Kind)
    done, already = OperationState.DONE, OperationState.ALREADY
    return [
        OperationResult(each, done if id_ in ended else already, subscription_id=id_)
        for each in planned
        if (id_ := each.subscription_id)
    ]


def stop_expecting(wanted_id: int) -> None:
    """Stop expecting a subscription, whatever Pneumatic has."""
    WantedSubscription.objects.filter(pk=wanted_id).delete()


def _checked(target: str) -> tuple[str, str]:
    """Return the URL for Pneumatic, and how it is stored as expected; raise ValueError with a sentence."""
    url = target.strip() or proposed_target()
    if not url:
        raise ValueError(endpoints.NO_URL)
    check = targets.check_target(url)
    if check.errors:
        raise ValueError(" ".join(check.errors))
    return url, _stored(url, OwnEndpoints())


def _stored(target: str, own: OwnEndpoints) -> str:
    """Return how a target is stored as expected: "" for our endpoint, whose URL can change."""
    return "" if target in own else target


def _expect(user: Who, kinds: Collection[Kind], stored: str) -> set[Kind]:
    """Write what is expected; return the kinds that are new."""
    known = {row.kind for row in WantedSubscription.objects.filter(target=stored)}
    by, now = user.pk if user is not None else None, clock.now()
    WantedSubscription.objects.bulk_create(
        [
            WantedSubscription(kind=kind.value, target=stored, requested_by_id=by, requested_at=now)
            for kind in kinds
        ],
        ignore_conflicts=True,
    )
    return {kind for kind in kinds if kind.value not in known}


def _stop_expecting(kinds: Iterable[Kind], stored: str) -> None:
    WantedSubscription.objects.filter(kind__in=[kind.value for kind in kinds], target=stored).delete()


def _stop_expecting_ended(target: str, kinds: Iterable[Kind]) -> None:
    """Stop expecting those of ``kinds`` that no subscription sends to ``target`` any longer."""
    own = OwnEndpoints()
    stored = _stored(target, own)
    rows = [
        row
        for row in mirror.rows()
        if (targets.is_same(row.target, target) if stored else own.endpoint(row.target) is not None)
    ]
    _stop_expecting(set(kinds) - {Kind(row.kind) for row in rows if row.kind}, stored)

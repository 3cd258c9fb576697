"""Subscriptions as people read them: whose each one is, what is amiss with it, and what came in for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Kind as EventKind
from apps.webhooks.admin.subscriptions.sparklines import Sparkline, sparkline
from apps.webhooks.admin.subscriptions.statistics import Statistics
from apps.webhooks.models import Endpoint, Kind, Subscription, WantedSubscription
from apps.webhooks.subscriptions import mirror, targets
from apps.webhooks.subscriptions.drift import Discrepancy, DiscrepancyKind, Drift

HIDDEN = "•" * 8
_TONES = {
    DiscrepancyKind.MISSING: "bad",
    DiscrepancyKind.WRONG_TOKEN: "bad",
    DiscrepancyKind.TAKEN: "bad",
    DiscrepancyKind.DEPRECATED: "warn",
    DiscrepancyKind.DUPLICATE: "warn",
    DiscrepancyKind.UNWANTED: "warn",
    DiscrepancyKind.FOREIGN: "info",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A badge; ``tone`` is the end of a ``badge--`` class, ``explanation`` a sentence or ""."""

    text: str
    tone: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription that Pneumatic has. ``target`` is what may be shown; ``statistics`` is None for a foreign one.

    ``is_concealed`` tells that it is ours, and that Pneumatic's list shows another one in its place.
    """

    subscription: Subscription
    event: str
    target: str
    marks: tuple[Mark, ...]
    is_own: bool
    is_concealed: bool = False
    shares_target: bool = False  # with another subscription
    statistics: Statistics | None = None
    sparkline: Sparkline | None = None


@dataclass(frozen=True, slots=True)
class DiscrepancyRow:
    """One finding of the drift. ``id`` is its subscription's; so is ``choice``, where it is up to a person.

    What is chosen is ended, or replaced by our address where ``is_replaced``.
    """

    label: str
    tone: str
    event: str
    explanation: str
    target: str  # "" where there is nothing to tell
    id: int | None = None
    choice: int | None = None
    is_replaced: bool = False


@dataclass(frozen=True, slots=True)
class Replaced:
    """An address that is about to lose an event; ``whose`` is a sentence, ``target`` is shortened."""

    event: str
    target: str
    whose: str
    is_foreign: bool


@dataclass(frozen=True, slots=True)
class WantedRow:
    """Something that this dashboard wants; ``ids`` are the subscriptions that fulfil it."""

    wanted: WantedSubscription
    ids: tuple[int, ...]

    @property
    def is_fulfilled(self) -> bool:
        """Return whether Pneumatic sends it."""
        return bool(self.ids)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Which targets are our own; one query, however many targets are asked about."""

    known: Mapping[str, Endpoint] = field(default_factory=targets.endpoints_by_token)

    def endpoint(self, target: str) -> Endpoint | None:
        """Return the address of ours whose token ``target`` has."""
        return targets.endpoint_of(target, self.known)

    def is_own(self, target: str) -> bool:
        """Return whether ``target`` is our receiver, by whatever token."""
        return targets.is_ours(target) or self.endpoint(target) is not None

    def shown(self, target: str, *, reveal: bool = False) -> str:
        """Return ``target`` as a page may show it: without our token, unless somebody asked for it."""
        if reveal or not self.is_own(target):
            return target
        return hide_token(target)


def hide_token(target: str) -> str:
    """Return ``target`` with dots for what follows ``/hooks/``."""
    before, slash, _token = target.rpartition("/hooks/")
    return f"{before}{slash}{HIDDEN}/" if slash else target


def event_label(kind: str, event: str) -> str:
    """Return what an event is about, or its name on the wire where we do not know it."""
    return capfirst(str(Kind(kind).label)) if kind in Kind.values else event


def rows(
    subscriptions: Sequence[Subscription],
    drift: Drift,
    found: Mapping[int, Statistics],
    addresses: Addresses,
    *,
    reveal: bool = False,
) -> list[SubscriptionRow]:
    """Return what Pneumatic has, with what is amiss and what came in. No query is made."""
    by_id = {finding.subscription.pk: finding for finding in drift.findings if finding.subscription}
    sharing = Counter(row.target for row in subscriptions if not mirror.is_concealed(row))
    behind = {-row.pk for row in subscriptions if mirror.is_concealed(row)}
    shown = []
    for subscription in subscriptions:
        finding = by_id.get(subscription.pk)
        is_own = addresses.is_own(subscription.target)
        numbers = found.get(subscription.pk) if is_own else None
        shown.append(
            SubscriptionRow(
                subscription=subscription,
                event=event_label(subscription.kind, subscription.event),
                target=addresses.shown(subscription.target, reveal=reveal),
                marks=tuple(
                    _marks(subscription, finding, addresses, is_own=is_own, hides=subscription.pk in behind)
                ),
                is_own=is_own,
                is_concealed=mirror.is_concealed(subscription),
                shares_target=sharing[subscription.target] > 1,
                statistics=numbers,
                sparkline=sparkline(numbers) if numbers else None,
            )
        )
    return shown


def _marks(
    subscription: Subscription,
    finding: Discrepancy | None,
    addresses: Addresses,
    *,
    is_own: bool,
    hides: bool,
) -> list[Mark]:
    if hides:
        explanation = _("Another user of the account subscribed it. It gets this event besides us.")
        return [Mark(_("another user's"), "info", explanation)]
    problem = finding.problem if finding else None
    marks = []
    if is_own and problem != DiscrepancyKind.WRONG_TOKEN:
        endpoint = addresses.endpoint(subscription.target)
        if endpoint is not None and endpoint.state == Endpoint.State.PENDING:
            marks.append(Mark(_("ours, new token"), "ok", _("A rotation is under way.")))
        else:
            marks.append(Mark(_("ours"), "ok"))
    elif not is_own and problem not in {DiscrepancyKind.FOREIGN, DiscrepancyKind.TAKEN}:
        marks.append(Mark(_("asked for here"), "ok", _("Somebody subscribed this address on this page.")))
    if mirror.is_concealed(subscription):
        explanation = _("Pneumatic took it, and shows the address of another user of the account instead.")
        marks.append(Mark(_("not in Pneumatic's list"), "quiet", explanation))
    if finding is not None:
        marks.append(Mark(finding.label, _TONES[finding.problem], finding.explanation))
    if subscription.is_deprecated and problem != DiscrepancyKind.DEPRECATED:
        explanation = _("An old name of this event, which Pneumatic may drop.")
        marks.append(Mark(_("deprecated"), "warn", explanation))
    return marks


def differences(drift: Drift, addresses: Addresses) -> list[DiscrepancyRow]:
    """Return what is amiss, as a list to look at and to choose from."""
    found = []
    for finding in drift.findings:
        row = finding.subscription
        found.append(
            DiscrepancyRow(
                label=finding.label,
                tone=_TONES[finding.problem],
                event=event_label(finding.kind or "", row.event if row else ""),
                explanation=finding.explanation,
                target="" if addresses.is_own(finding.target) else finding.target,
                id=row.pk if row else None,
                choice=row.pk if row and not finding.is_repaired else None,
                is_replaced=bool(finding.wish),
            )
        )
    return found


def replaced(there: Mapping[EventKind, str], addresses: Addresses) -> list[Replaced]:
    """Return the addresses that are about to lose an event, for the page that asks."""
    return [
        Replaced(
            event=event_label(kind, ""),
            target=hide_token(target) if addresses.is_own(target) else targets.shown(target),
            whose=_whose(target, addresses),
            is_foreign=not addresses.is_own(target),
        )
        for kind, target in there.items()
    ]


def _whose(target: str, addresses: Addresses) -> str:
    if not addresses.is_own(target):
        return _("Another integration's, or set by hand. It may hear of this event no more.")
    endpoint = addresses.endpoint(target)
    if endpoint is None or endpoint.state in {Endpoint.State.RETIRING, Endpoint.State.RETIRED}:
        return _("Our own receiver, by an old token.")
    if endpoint.state == Endpoint.State.PENDING:
        return _("Our own receiver, by the token that is about to replace the present one.")
    return _("Our own receiver: this dashboard hears of this event no more.")


def wishes(
    wanted: Sequence[WantedSubscription],
    subscriptions: Sequence[Subscription],
    drift: Drift,
    addresses: Addresses,
) -> list[WantedRow]:
    """Return what this dashboard wants, and which subscriptions fulfil each wish."""
    refused = {
        finding.subscription.pk for finding in drift.of(DiscrepancyKind.WRONG_TOKEN) if finding.subscription
    }
    own = {row.pk for row in subscriptions if addresses.is_own(row.target)} - refused

    def fulfils(row: Subscription, wish: WantedSubscription) -> bool:
        if row.kind != wish.kind:
            return False
        return targets.is_same(row.target, wish.target) if wish.target else row.pk in own

    return [
        WantedRow(wish, tuple(sorted(row.pk for row in subscriptions if fulfils(row, wish))))
        for wish in wanted
    ]

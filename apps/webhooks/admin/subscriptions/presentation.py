"""Subscriptions for templates: the owner of each, its problem, and its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.core.text.visible import first_visible
from apps.pneumatic.canonical.events import Kind as EventKind
from apps.webhooks.admin.subscriptions.sparklines import Sparkline, sparkline
from apps.webhooks.admin.subscriptions.statistics import Statistics
from apps.webhooks.models import Endpoint, Kind, Subscription, WantedSubscription
from apps.webhooks.subscriptions import mirror, targets
from apps.webhooks.subscriptions.drift import Discrepancy, DiscrepancyKind, Drift
from apps.webhooks.subscriptions.targets import OwnEndpoints

HIDDEN = "•" * 8
_TONES = {
    DiscrepancyKind.MISSING: "bad",
    DiscrepancyKind.WRONG_TOKEN: "bad",
    DiscrepancyKind.REPLACED: "bad",
    DiscrepancyKind.DEPRECATED: "warn",
    DiscrepancyKind.DUPLICATE: "warn",
    DiscrepancyKind.UNEXPECTED: "warn",
    DiscrepancyKind.EXTERNAL: "info",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge; ``tone`` is the end of a ``badge--`` class, ``explanation`` a sentence or ""."""

    text: str
    tone: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """One of Pneumatic's subscriptions. ``target`` may be shown; ``statistics`` is None for other URLs than ours.

    ``is_concealed``: it is ours, and Pneumatic lists another user's in its place.
    """

    subscription: Subscription
    event: str
    target: str
    badges: tuple[Badge, ...]
    is_concealed: bool
    shares_target: bool  # with another subscription
    statistics: Statistics | None
    sparkline: Sparkline | None


def shown_target(target: str, own: OwnEndpoints, *, reveal: bool = False) -> str:
    """Return ``target`` without a token of ours, unless ``reveal``."""
    return hide_token(target) if target in own and not reveal else target


def hide_token(target: str) -> str:
    """Return ``target`` with dots for what follows ``/hooks/``."""
    before, slash, _token = target.rpartition("/hooks/")
    return f"{before}{slash}{HIDDEN}/" if slash else target


def event_label(kind: str, event: str) -> str:
    """Return the label of ``kind``; of an unknown kind the API's name ``event``."""
    return (
        capfirst(str(Kind(kind).label)) if kind in Kind.values else first_visible(event) or _("Unknown event")
    )


def rows(
    subscriptions: Sequence[Subscription],
    drift: Drift,
    numbers: Mapping[int, Statistics],
    own: OwnEndpoints,
    *,
    reveal: bool = False,
) -> list[SubscriptionRow]:
    """Return Pneumatic's subscriptions with their problems and numbers, without a query."""
    findings = {finding.subscription.pk: finding for finding in drift.findings if finding.subscription}
    sharing = Counter(row.target for row in subscriptions if not mirror.is_concealed(row))
    concealing = {-row.pk for row in subscriptions if mirror.is_concealed(row)}
    shown = []
    for row in subscriptions:
        found = numbers.get(row.pk) if row.target in own else None
        badges = _badges(row, findings.get(row.pk), own, conceals=row.pk in concealing)
        shown.append(
            SubscriptionRow(
                subscription=row,
                event=event_label(row.kind, row.event),
                target=shown_target(row.target, own, reveal=reveal),
                badges=tuple(badges),
                is_concealed=mirror.is_concealed(row),
                shares_target=sharing[row.target] > 1,
                statistics=found,
                sparkline=sparkline(found) if found else None,
            )
        )
    return shown


def _badges(
    row: Subscription, finding: Discrepancy | None, own: OwnEndpoints, *, conceals: bool
) -> Iterator[Badge]:
    if conceals:
        yield Badge(
            _("another user's"), "info", _("Another user of the account subscribed it, in addition to us.")
        )
        return
    problem = finding.problem if finding else None
    endpoint = own.endpoint(row.target)
    if row.target not in own:
        if problem not in {DiscrepancyKind.EXTERNAL, DiscrepancyKind.REPLACED}:
            yield Badge(_("requested here"), "ok", _("A user subscribed this URL on this page."))
    elif endpoint is not None and endpoint.state == Endpoint.State.PENDING and problem is None:
        yield Badge(_("ours, new token"), "ok", _("A rotation is in progress."))
    elif problem != DiscrepancyKind.WRONG_TOKEN:
        yield Badge(_("ours"), "ok")
    if mirror.is_concealed(row):
        explanation = _("Pneumatic accepted it, and lists the URL of another user of the account instead.")
        yield Badge(_("not in Pneumatic's list"), "quiet", explanation)
    if finding is not None:
        yield Badge(str(finding.problem.label), _TONES[finding.problem], finding.explanation)
    if row.is_deprecated and problem != DiscrepancyKind.DEPRECATED:
        yield Badge(_("deprecated"), "warn", _("A deprecated name of this event."))


def differences(drift: Drift, own: OwnEndpoints) -> list[dict[str, Any]]:
    """Return each finding with what a template cannot read from it; ``target`` is "" for our endpoint."""
    return [
        {
            "finding": finding,
            "tone": _TONES[finding.problem],
            "event": event_label(finding.kind or "", row.event if row else ""),
            "target": "" if finding.target in own else finding.target,
            "is_optional": row is not None and not finding.is_repaired,
        }
        for finding in drift.findings
        for row in [finding.subscription]
    ]


def replaced(current: Mapping[EventKind, str], own: OwnEndpoints) -> list[dict[str, Any]]:
    """Return the URLs that are about to lose an event, shortened, with their owners."""
    return [
        {
            "event": event_label(kind, ""),
            "target": hide_token(target) if target in own else targets.shown(target),
            "owner": _owner(target, own),
            "is_external": target not in own,
        }
        for kind, target in current.items()
    ]


def _owner(target: str, own: OwnEndpoints) -> str:
    if target not in own:
        return _("Another integration's, or set manually. It may no longer receive this event.")
    if not own.has_accepted(target):
        return _("Our endpoint with an old token.")
    endpoint = own.endpoint(target)
    if endpoint is not None and endpoint.state == Endpoint.State.PENDING:
        return _("Our endpoint with the new token of the rotation.")
    return _("Our endpoint. This dashboard will no longer receive this event.")


def expected(
    wanted: Sequence[WantedSubscription],
    subscriptions: Sequence[Subscription],
    drift: Drift,
    own: OwnEndpoints,
) -> list[tuple[WantedSubscription, list[int]]]:
    """Return each expected subscription with the ids of the subscriptions that meet it."""
    refused = {
        finding.subscription.pk for finding in drift.of(DiscrepancyKind.WRONG_TOKEN) if finding.subscription
    }
    ours = {row.pk for row in subscriptions if row.target in own} - refused

    def meets(row: Subscription, each: WantedSubscription) -> bool:
        if row.kind != each.kind:
            return False
        return targets.is_same(row.target, each.target) if each.target else row.pk in ours

    return [(each, sorted(row.pk for row in subscriptions if meets(row, each))) for each in wanted]

"""How what Pneumatic has differs from what this dashboard wants, and the steps that repair it.

Looked at is the mirror, so that a page can tell without a request; the repair lists anew before it does anything.
What belongs to somebody else is shown and never touched, unless a person chooses it by its id. Where Pneumatic has one
URL for each event, a repair puts our address in the place of an old one of ours, and that ends the old one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import capabilities
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, Subscription, WantedSubscription
from apps.webhooks.subscriptions import mirror, operations, targets
from apps.webhooks.subscriptions.operations import Operation, OperationResult, Who
from apps.webhooks.subscriptions.operations import carry_out as carry_out


class DiscrepancyKind(StrEnum):
    """In which way something differs."""

    MISSING = "missing"
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - our receiver, but an address that is accepted no more
    TAKEN = "taken"  # wanted, and another address has the only place that there is
    DEPRECATED = "deprecated"
    DUPLICATE = "duplicate"
    UNWANTED = "unwanted"  # our receiver, for something that nobody here asked for
    FOREIGN = "foreign"


# What a repair takes care of by itself; the rest is somebody's own and waits for a choice.
REPAIRED = frozenset(
    {
        DiscrepancyKind.MISSING,
        DiscrepancyKind.WRONG_TOKEN,
        DiscrepancyKind.DEPRECATED,
        DiscrepancyKind.DUPLICATE,
    }
)

LABELS = {
    DiscrepancyKind.MISSING: gettext_lazy("missing"),
    DiscrepancyKind.WRONG_TOKEN: gettext_lazy("wrong token"),
    DiscrepancyKind.TAKEN: gettext_lazy("taken"),
    DiscrepancyKind.DEPRECATED: gettext_lazy("deprecated"),
    DiscrepancyKind.DUPLICATE: gettext_lazy("duplicate"),
    DiscrepancyKind.UNWANTED: gettext_lazy("not asked for"),
    DiscrepancyKind.FOREIGN: gettext_lazy("foreign"),
}

_NOT_TO_US = gettext_lazy("Wanted, but Pneumatic does not send it to us.")
_NOT_SENT = gettext_lazy("Wanted, but Pneumatic does not send it.")


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference. ``subscription`` is None for what is missing; ``target`` may hold a secret.

    ``wish`` is the address that takes the place of the subscription, '' where it is simply ended.
    """

    problem: DiscrepancyKind
    kind: Kind | None
    target: str = field(repr=False)
    explanation: str = ""
    subscription: Subscription | None = None
    wish: str = field(default="", repr=False)

    @property
    def is_repaired(self) -> bool:
        """Return True for what a repair takes care of without being told."""
        return self.problem in REPAIRED

    @property
    def label(self) -> str:
        """Return the name of the problem."""
        return str(LABELS[self.problem])


@dataclass(frozen=True, slots=True)
class Drift:
    """Every difference, of the state that was listed at ``fetched_at`` (None: never, and nothing is known)."""

    findings: tuple[Discrepancy, ...]
    fetched_at: dt.datetime | None
    error: str = ""  # why the last listing failed
    wants_anything: bool = False
    has_no_address: bool = False  # our receiver is wanted as a target, and PUBLIC_URL is empty

    @property
    def to_repair(self) -> tuple[Discrepancy, ...]:
        """Return what a repair takes care of."""
        return tuple(finding for finding in self.findings if finding.is_repaired)

    @property
    def unmet(self) -> tuple[Discrepancy, ...]:
        """Return what stands between this dashboard and the events that it wants."""
        return (*self.to_repair, *self.of(DiscrepancyKind.TAKEN))

    @property
    def foreign(self) -> tuple[Discrepancy, ...]:
        """Return what is left alone unless somebody chooses it."""
        return tuple(finding for finding in self.findings if not finding.is_repaired)

    def of(self, problem: DiscrepancyKind) -> tuple[Discrepancy, ...]:
        """Return the findings of one problem."""
        return tuple(finding for finding in self.findings if finding.problem == problem)


def find_drift() -> Drift:
    """Return how the last known state differs from what is wanted. No request is made."""
    state = mirror.state()
    wanted = list(WantedSubscription.objects.all())
    comparison = _Comparison(wanted, mirror.rows(), Endpoint.objects.all())
    look = comparison.one_by_one if capabilities().one_url_per_event else comparison.findings
    return Drift(
        findings=tuple(look()) if state.fetched_at else (),
        fetched_at=state.fetched_at,
        error=state.error,
        wants_anything=bool(wanted),
        has_no_address=comparison.has_no_address,
    )


class _Comparison:
    """What is wanted, what is there, and which addresses are ours."""

    def __init__(
        self, wanted: Iterable[WantedSubscription], rows: Sequence[Subscription], known: Iterable[Endpoint]
    ) -> None:
        self.wanted = list(wanted)
        self.rows = rows
        self.known = {endpoints.token(endpoint): endpoint for endpoint in known}
        states = Endpoint.State
        self.active = self._address(states.ACTIVE)
        self.pending = self._address(states.PENDING)
        self.wants_own = {Kind(row.kind) for row in self.wanted if not row.target}
        self.has_no_address = bool(self.wants_own) and not settings.PUBLIC_URL
        self.wanted_elsewhere = {
            (Kind(row.kind), targets.normalised(row.target)): row.target for row in self.wanted if row.target
        }

    def _address(self, state: Endpoint.State) -> str:
        found = next((endpoint for endpoint in self.known.values() if endpoint.state == state), None)
        return endpoints.target(found) if found else ""

    def findings(self) -> Iterator[Discrepancy]:
        """Yield what is missing first, then what is there and should not be."""
        healthy: set[tuple[Kind, str]] = set()
        others = []
        for row in sorted(self.rows, key=lambda row: row.id):
            finding = self._look_at(row, healthy)
            if finding is not None:
                others.append(finding)
        yield from self._missing(healthy)
        order = list(DiscrepancyKind)
        yield from sorted(others, key=lambda finding: order.index(finding.problem))

    def one_by_one(self) -> Iterator[Discrepancy]:
        """Yield the same where there is one URL for each event: nothing is there twice, or under an old name."""
        found = [self._only(kind, mirror.held(self.rows, kind)) for kind in Kind]
        strange = (row for row in self.rows if not row.kind)
        found += [self._somebody_elses(row, None, is_own=self._is_own(row)) for row in strange]
        order = list(DiscrepancyKind)
        yield from sorted(filter(None, found), key=lambda finding: order.index(finding.problem))

    def _only(self, kind: Kind, row: Subscription | None) -> Discrepancy | None:
        """Return what is amiss with the one place that an event has."""
        elsewhere = {
            place: target for (other, place), target in self.wanted_elsewhere.items() if other == kind
        }
        ours = self.active if kind in self.wants_own else ""
        wish = ours or next(iter(elsewhere.values()), "")
        if row is None:
            reason = str(_NOT_TO_US if ours else _NOT_SENT)
            return Discrepancy(DiscrepancyKind.MISSING, kind, wish, reason) if wish else None
        is_own = self._is_own(row)
        refused = self._refused(row.target) if is_own else ""
        if refused and wish:
            return Discrepancy(DiscrepancyKind.WRONG_TOKEN, kind, row.target, refused, row, wish)
        is_wanted = kind in self.wants_own if is_own else targets.normalised(row.target) in elsewhere
        if is_wanted or mirror.is_concealed(row):
            return None
        if refused:
            return Discrepancy(DiscrepancyKind.UNWANTED, kind, row.target, refused, row)
        if not wish:
            return self._somebody_elses(row, kind, is_own=is_own)
        reason = (
            _("Our receiver has this event, which is wanted at another address.")
            if is_own
            else _("Another integration has this event. It is replaced only if you choose it.")
        )
        return Discrepancy(DiscrepancyKind.TAKEN, kind, row.target, reason, row, wish)

    def _is_own(self, row: Subscription) -> bool:
        return targets.is_ours(row.target) or targets.endpoint_of(row.target, self.known) is not None

    def _look_at(self, row: Subscription, healthy: set[tuple[Kind, str]]) -> Discrepancy | None:
        """Return what is amiss with a subscription; note it among the healthy ones when nothing is."""
        kind = Kind(row.kind) if row.kind else None
        place = targets.normalised(row.target)
        is_own = self._is_own(row)
        if is_own and (reason := self._refused(row.target)):
            return Discrepancy(DiscrepancyKind.WRONG_TOKEN, kind, row.target, reason, row)
        is_wanted = kind in self.wants_own if is_own else (kind, place) in self.wanted_elsewhere
        if kind is None or not is_wanted:
            return self._somebody_elses(row, kind, is_own=is_own)
        if row.is_deprecated:
            reason = _("“%(event)s” is an old name of this event, which Pneumatic may drop.") % {
                "event": row.event
            }
            return Discrepancy(DiscrepancyKind.DEPRECATED, kind, row.target, reason, row)
        if (kind, place) in healthy:
            return Discrepancy(
                DiscrepancyKind.DUPLICATE,
                kind,
                row.target,
                _("The same is subscribed twice: every event comes twice."),
                row,
            )
        healthy.add((kind, place))
        return None

    def _refused(self, target: str) -> str:
        """Return why deliveries to this address of ours do not get through; "" when they do."""
        endpoint = targets.endpoint_of(target, self.known)
        if endpoint is None:
            return _("It is our receiver with a token that was never ours, or of another SECRET_KEY.")
        if endpoint.state in {Endpoint.State.RETIRING, Endpoint.State.RETIRED}:
            return _("It is our receiver with a token that was replaced.")
        if not targets.is_same(target, endpoints.target(endpoint)):
            return _("It has our token, but leads to another address than PUBLIC_URL.")
        return ""

    def _somebody_elses(self, row: Subscription, kind: Kind | None, *, is_own: bool) -> Discrepancy:
        if is_own:
            reason = (
                _("It is sent to our receiver, and nobody here asked for it.")
                if kind
                else _("It is sent to our receiver, and this version does not know the event.")
            )
            return Discrepancy(DiscrepancyKind.UNWANTED, kind, row.target, reason, row)
        reason = _("Another integration's target. It is left alone unless you choose it.")
        return Discrepancy(DiscrepancyKind.FOREIGN, kind, row.target, reason, row)

    def _missing(self, healthy: set[tuple[Kind, str]]) -> Iterator[Discrepancy]:
        ours = [targets.normalised(address) for address in (self.active, self.pending) if address]
        for kind in Kind:
            if kind in self.wants_own and self.active and all((kind, place) not in healthy for place in ours):
                yield Discrepancy(DiscrepancyKind.MISSING, kind, self.active, str(_NOT_TO_US))
        for (kind, place), target in sorted(self.wanted_elsewhere.items()):
            if (kind, place) not in healthy:
                yield Discrepancy(DiscrepancyKind.MISSING, kind, target, str(_NOT_SENT))


def plan(drift: Drift, also: Collection[int] = ()) -> list[Operation]:
    """Return the steps that repair ``drift``; ``also`` are ids of subscriptions of others to end or replace, too."""
    planned = [
        operations.subscribe(finding.kind, finding.target, reason=finding.explanation)
        for finding in drift.of(DiscrepancyKind.MISSING)
        if finding.kind is not None
    ]
    for finding in drift.findings:
        row = finding.subscription
        if row is None or not (finding.is_repaired or row.pk in also):
            continue
        if finding.wish and finding.kind is not None:
            planned.append(
                operations.subscribe(
                    finding.kind, finding.wish, replaces=row.target, reason=finding.explanation
                )
            )
        else:
            planned.append(
                operations.unsubscribe(
                    row.pk,
                    target=row.target,
                    kind=finding.kind,
                    event=row.event,
                    reason=finding.explanation,
                )
            )
    return planned


def repair(user: Who, also: Collection[int] = ()) -> list[OperationResult]:
    """Carry out what ``plan`` says of the last known state; return an outcome for each step."""
    return carry_out(plan(find_drift(), also), user)


def in_words(drift: Drift) -> list[str]:
    """Return the drift as lines for a terminal; none where there is nothing to tell.

    No line shows more of a target than its host.
    """
    lines = []
    if drift.has_no_address:
        lines.append(_("PUBLIC_URL is empty: Pneumatic cannot be told where our receiver is."))
    if drift.fetched_at is None:
        return [*lines, _("The subscriptions were never listed.")]
    lines += [line(finding) for finding in drift.findings]
    if not lines and drift.wants_anything:
        lines.append(_("Pneumatic sends what is wanted."))
    return lines


def line(finding: Discrepancy) -> str:
    """Return one difference as a line; of a target it shows the host only."""
    row = finding.subscription
    what = row.event if row is not None else finding.kind
    number = f" ({row.pk})" if row is not None and not capabilities().one_url_per_event else ""
    where = (
        f" → {targets.shown(finding.target)}" if row is not None and not targets.is_ours(row.target) else ""
    )
    return f"{finding.label}: {what}{number}{where}. {finding.explanation}"

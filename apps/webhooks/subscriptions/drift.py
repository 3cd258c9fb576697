"""Find how Pneumatic's subscriptions differ from the expected ones, and repair it.

The mirror is compared, so a page needs no request; a repair lists again before it changes anything. Subscriptions of
others are shown, and never changed unless a user selects them by id. Where the API has one URL per event, a repair
replaces an old URL of ours by the present one, which ends the old subscription.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import capabilities, event_name
from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint, Subscription, WantedSubscription
from apps.webhooks.models import Kind as EventLabel
from apps.webhooks.subscriptions import mirror, operations, targets
from apps.webhooks.subscriptions.operations import Operation, OperationResult, Who
from apps.webhooks.subscriptions.targets import OwnEndpoints


class DiscrepancyKind(TextChoices):
    """A way in which a subscription differs from what is expected, in the order of pages."""

    MISSING = "missing", gettext_lazy("missing")
    WRONG_TOKEN = "wrong_token", gettext_lazy("wrong token")
    REPLACED = "replaced", gettext_lazy("replaced by another URL")  # where an event has only one
    DEPRECATED = "deprecated", gettext_lazy("deprecated")
    DUPLICATE = "duplicate", gettext_lazy("duplicate")
    UNEXPECTED = "unexpected", gettext_lazy("unexpected")  # to our endpoint, not requested here
    EXTERNAL = "external", gettext_lazy("external")


D = DiscrepancyKind
# A repair changes these. The others may be someone's own, so a user selects them.
REPAIRED = frozenset({D.MISSING, D.WRONG_TOKEN, D.DEPRECATED, D.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference. ``subscription`` is None for what is missing; ``target`` may contain a secret.

    ``replacement`` is the URL that takes the place of the subscription, "" where it only ends.
    """

    problem: DiscrepancyKind
    kind: Kind | None
    target: str = field(repr=False)
    explanation: str
    subscription: Subscription | None = None
    replacement: str = field(default="", repr=False)

    @property
    def is_repaired(self) -> bool:
        """Whether a repair changes it without a selection."""
        return self.problem in REPAIRED


@dataclass(frozen=True, slots=True)
class Drift:
    """Every difference in the list of ``fetched_at`` (None: never listed, so nothing is known)."""

    findings: tuple[Discrepancy, ...]
    fetched_at: dt.datetime | None
    error: str = ""  # of the last attempt to list
    is_incomplete: bool = False  # it listed them, but some could not be read
    expects_anything: bool = False
    has_no_url: bool = False  # our endpoint is expected as a target, and PUBLIC_URL is empty
    not_received: tuple[Kind, ...] = ()  # no subscription sends them to us, whether that is expected or not

    @property
    def to_repair(self) -> tuple[Discrepancy, ...]:
        """What a repair changes."""
        return tuple(finding for finding in self.findings if finding.is_repaired)

    @property
    def unmet(self) -> tuple[Discrepancy, ...]:
        """What prevents expected events from arriving."""
        return (*self.to_repair, *self.of(D.REPLACED))

    @property
    def optional(self) -> tuple[Discrepancy, ...]:
        """What is not changed unless a user selects it."""
        return tuple(finding for finding in self.findings if not finding.is_repaired)

    @property
    def not_requested(self) -> tuple[Kind, ...]:
        """What does not arrive, and is no difference, as it is not expected to arrive."""
        different = {finding.kind for finding in self.unmet}
        return tuple(kind for kind in self.not_received if kind not in different)

    @property
    def receives_nothing(self) -> bool:
        """Whether no event can arrive, according to the list."""
        return len(self.not_received) == len(Kind)

    def of(self, problem: DiscrepancyKind) -> tuple[Discrepancy, ...]:
        """Return the findings of one problem."""
        return tuple(finding for finding in self.findings if finding.problem == problem)


def find_drift() -> Drift:
    """Compare the last known subscriptions with the expected ones, without a request."""
    state = mirror.state()
    expected = list(WantedSubscription.objects.all())
    comparison = _Comparison(expected, OwnEndpoints())
    found: Iterable[Discrepancy] = ()
    not_received: Iterable[Kind] = ()
    if state.fetched_at:
        rows = mirror.rows()
        compare = comparison.one_url_each if capabilities().one_url_per_event else comparison.several_urls
        found = sorted(compare(rows), key=lambda finding: list(D).index(finding.problem))
        not_received = [Kind(kind.value) for kind in comparison.own.not_received(rows)]
    return Drift(
        findings=tuple(found),
        fetched_at=state.fetched_at,
        error=state.error,
        is_incomplete=state.is_incomplete,
        expects_anything=bool(expected),
        has_no_url=bool(comparison.own_kinds) and not settings.PUBLIC_URL,
        not_received=tuple(not_received),
    )


class _Comparison:
    """The expected subscriptions and our endpoints, to compare rows with."""

    def __init__(self, expected: Iterable[WantedSubscription], own: OwnEndpoints) -> None:
        self.own = own
        self.own_kinds = set()
        self.others: dict[tuple[Kind, str], str] = {}  # targets, by kind and normalised target
        for row in expected:
            if row.target:
                self.others[(Kind(row.kind), targets.normalised(row.target))] = row.target
            else:
                self.own_kinds.add(Kind(row.kind))
        urls = {endpoint.state: endpoints.target(endpoint) for endpoint in own.by_token.values()}
        self.active, self.pending = urls.get(Endpoint.State.ACTIVE, ""), urls.get(Endpoint.State.PENDING, "")

    def several_urls(self, rows: Iterable[Subscription]) -> Iterator[Discrepancy]:
        """Yield the differences where an event can have several URLs."""
        healthy: set[tuple[Kind, str]] = set()
        for row in sorted(rows, key=lambda row: row.id):
            finding = self._finding(row, healthy)
            if finding is not None:
                yield finding
        ours = [targets.normalised(url) for url in (self.active, self.pending) if url]
        for kind in Kind:
            if kind in self.own_kinds and self.active and all((kind, url) not in healthy for url in ours):
                yield self._missing(kind, self.active)
        for (kind, url), target in sorted(self.others.items()):
            if (kind, url) not in healthy:
                yield self._missing(kind, target)

    def _finding(self, row: Subscription, healthy: set[tuple[Kind, str]]) -> Discrepancy | None:
        """Return the problem of ``row``; when it has none, add it to ``healthy``."""
        kind = Kind(row.kind) if row.kind else None
        is_own = row.target in self.own
        if is_own and (reason := self.own.refusal(row.target)):
            return Discrepancy(D.WRONG_TOKEN, kind, row.target, reason, row)
        place = targets.normalised(row.target)
        if kind is None or not (kind in self.own_kinds if is_own else (kind, place) in self.others):
            return self._not_expected(row, kind, is_own=is_own)
        if row.is_deprecated:
            reason = _("“%(event)s” is a deprecated name of this event.") % {"event": row.event}
            return Discrepancy(D.DEPRECATED, kind, row.target, reason, row)
        if (kind, place) in healthy:
            reason = _("Subscribed twice, so each event arrives twice.")
            return Discrepancy(D.DUPLICATE, kind, row.target, reason, row)
        healthy.add((kind, place))
        return None

    def one_url_each(self, rows: Iterable[Subscription]) -> Iterator[Discrepancy]:
        """Yield the differences where an event has one URL: no duplicates, and no deprecated names."""
        rows = list(rows)
        for kind in Kind:
            finding = self._finding_of_only(kind, mirror.current(rows, kind))
            if finding is not None:
                yield finding
        for row in rows:
            if not row.kind:
                yield self._not_expected(row, None, is_own=row.target in self.own)

    def _finding_of_only(self, kind: Kind, row: Subscription | None) -> Discrepancy | None:
        others = {url: target for (other, url), target in self.others.items() if other == kind}
        ours = self.active if kind in self.own_kinds else ""
        expected = ours or next(iter(others.values()), "")
        if row is None:
            return self._missing(kind, expected, ended_as=mirror.ended_as(kind)) if expected else None
        is_own = row.target in self.own
        refused = self.own.refusal(row.target) if is_own else ""
        if refused and expected:
            return Discrepancy(D.WRONG_TOKEN, kind, row.target, refused, row, expected)
        is_expected = kind in self.own_kinds if is_own else targets.normalised(row.target) in others
        if is_expected or mirror.is_concealed(row):
            return None
        if refused:
            return Discrepancy(D.UNEXPECTED, kind, row.target, refused, row)
        if not expected:
            return self._not_expected(row, kind, is_own=is_own)
        reason = (
            _("Our endpoint has this event, which is expected at another URL.")
            if is_own
            else _("Another integration has this event. It is replaced only if you select it.")
        )
        return Discrepancy(D.REPLACED, kind, row.target, reason, row, expected)

    def _not_expected(self, row: Subscription, kind: Kind | None, *, is_own: bool) -> Discrepancy:
        if not is_own:
            reason = _("Another integration's URL. It is not changed unless you select it.")
            return Discrepancy(D.EXTERNAL, kind, row.target, reason, row)
        reason = (
            _("Sent to our endpoint, but not requested here.")
            if kind
            else _("Sent to our endpoint, but this version does not know the event.")
        )
        return Discrepancy(D.UNEXPECTED, kind, row.target, reason, row)

    def _missing(self, kind: Kind, target: str, *, ended_as: str = "") -> Discrepancy:
        """Return that ``kind`` is missing; ``ended_as`` is the name under which it was subscribed before."""
        reason = (
            _("Expected, but Pneumatic does not send it to our endpoint.")
            if target == self.active
            else _("Expected, but Pneumatic does not send it.")
        )
        if ended_as and ended_as != (event_name(kind) or ended_as):
            reason += " " + _(
                "It was subscribed as “%(event)s”, its name in an older release of Pneumatic. "
                "A repair subscribes under the name in this release."
            ) % {"event": ended_as}
        return Discrepancy(D.MISSING, kind, target, reason)


def plan(drift: Drift, also: Collection[int] = ()) -> list[Operation]:
    """Return the operations that repair ``drift``; ``also`` are ids of other subscriptions to end or replace."""
    planned = []
    for finding in drift.findings:
        row, reason = finding.subscription, finding.explanation
        if row is None:
            planned.append(Operation(finding.kind, finding.target, reason=reason))
        elif finding.is_repaired or row.pk in also:
            if finding.replacement:
                planned.append(Operation(finding.kind, finding.replacement, row.target, reason))
            else:
                planned.append(operations.unsubscribe(row, reason=reason))
    return planned


def repair(user: Who, also: Collection[int] = ()) -> list[OperationResult]:
    """Apply the plan for the last known subscriptions; return a result for each operation."""
    return operations.apply(plan(find_drift(), also), user)


def report_lines(drift: Drift) -> list[str]:
    """Return the drift as lines for a terminal; of a target they show only the host."""
    lines = []
    if drift.has_no_url:
        lines.append(str(endpoints.NO_URL))
    if drift.fetched_at is None:
        return [*lines, _("No subscription list loaded yet.")]
    lines += [report_line(finding) for finding in drift.findings]
    if drift.not_requested and drift.expects_anything:
        lines.append(
            _("Not subscribed: %(kinds)s. Workflows do not show these events.")
            % {"kinds": labels(drift.not_requested)}
        )
    if not lines and drift.expects_anything:
        lines.append(_("Pneumatic has all expected subscriptions."))
    return lines


def labels(kinds: Iterable[Kind]) -> str:
    """Return kinds of events as pages name them."""
    return ", ".join(str(EventLabel(kind.value).label) for kind in kinds)


def report_line(finding: Discrepancy) -> str:
    """Return one difference as a line."""
    row = finding.subscription
    what = row.event if row is not None else finding.kind
    number = f" ({row.pk})" if row is not None and not capabilities().one_url_per_event else ""
    is_shown = row is not None and not targets.is_ours(row.target)
    where = f" → {targets.shown(finding.target)}" if is_shown else ""
    return f"{finding.problem.label}: {what}{number}{where}. {finding.explanation}"

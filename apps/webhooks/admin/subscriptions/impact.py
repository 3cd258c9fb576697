"""What stops working when a subscription ends, in sentences for the page that asks whether it shall."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.webhooks.admin.subscriptions.presentation import Addresses
from apps.webhooks.models import Endpoint, Kind, Subscription
from apps.webhooks.subscriptions.drift import DiscrepancyKind, Drift

_STOPS = {
    Kind.WORKFLOW_STARTED: gettext_lazy(
        "Workflows that are started from now on do not appear under Workflows until their next event, and a launch "
        "whose outcome is unknown is not resolved by itself any more."
    ),
    Kind.TASK_COMPLETED: gettext_lazy(
        "The pages of running workflows stop moving on: completed tasks, what was answered in them, and who holds "
        "the next one are no longer updated."
    ),
    Kind.TASK_RETURNED: gettext_lazy(
        "A task that is sent back is no longer seen: the pages of workflows show it as done until it is completed "
        "again."
    ),
    Kind.WORKFLOW_COMPLETED: gettext_lazy(
        "Workflows that end are still shown as running, under Workflows and on their own pages."
    ),
}


def what_stops(
    subscription: Subscription, others: Sequence[Subscription], drift: Drift, addresses: Addresses
) -> str:
    """Return in a sentence what stops working when ``subscription`` ends and ``others`` stay."""
    behind = next((other for other in others if other.pk == -subscription.pk), None)
    if behind is not None:  # it ends for everyone, so for us, too
        both = (_elsewhere(subscription, drift, addresses), what_stops(behind, (), drift, addresses))
        return " ".join(both)
    if not addresses.is_own(subscription.target):
        return _elsewhere(subscription, drift, addresses)
    if not _arrives(subscription, addresses):
        return _("Nothing: our receiver refuses what comes by this address already.")
    if subscription.kind not in Kind.values:
        return _("Nothing: this version does not know the event and only stores it.")
    twin = next(
        (other for other in others if other.kind == subscription.kind and _arrives(other, addresses)), None
    )
    if twin is not None:
        return _("Nothing: subscription %(id)d brings the same event to our receiver.") % {"id": twin.pk}
    return str(_STOPS[Kind(subscription.kind)])


def is_somebody_elses(subscription: Subscription, drift: Drift, addresses: Addresses) -> bool:
    """Return whether nobody here asked for ``subscription``, and it does not come to us."""
    return not addresses.is_own(subscription.target) and any(
        finding.subscription is not None and finding.subscription.pk == subscription.pk
        for finding in (*drift.of(DiscrepancyKind.FOREIGN), *drift.of(DiscrepancyKind.TAKEN))
    )


def _elsewhere(subscription: Subscription, drift: Drift, addresses: Addresses) -> str:
    if is_somebody_elses(subscription, drift, addresses):
        return _(
            "Another integration, which this dashboard knows nothing about, no longer hears of this event at "
            "%(target)s."
        ) % {"target": subscription.target}
    return _("Whatever listens at %(target)s no longer hears of this event.") % {
        "target": subscription.target
    }


def _arrives(subscription: Subscription, addresses: Addresses) -> bool:
    """Return whether our receiver takes what is sent for ``subscription``."""
    endpoint = addresses.endpoint(subscription.target)
    return endpoint is not None and endpoint.state != Endpoint.State.RETIRED

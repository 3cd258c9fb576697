"""What no longer works after a subscription has ended, as sentences."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.webhooks.models import Endpoint, Kind, Subscription
from apps.webhooks.subscriptions.drift import DiscrepancyKind, Drift
from apps.webhooks.subscriptions.targets import OwnEndpoints

_IMPACT = {
    Kind.WORKFLOW_STARTED: gettext_lazy(
        "New workflows appear only with their next event. A launch with an unknown outcome is no longer resolved "
        "automatically."
    ),
    Kind.TASK_COMPLETED: gettext_lazy(
        "Running workflows are no longer updated: completed tasks, their answers, and who is assigned to the next task."
    ),
    Kind.TASK_RETURNED: gettext_lazy(
        "Returned tasks are no longer noticed. Workflows show them as completed until they are completed again."
    ),
    Kind.WORKFLOW_COMPLETED: gettext_lazy("Workflows that end are still shown as running."),
}


def unsubscribe_impact(
    subscription: Subscription, others: Sequence[Subscription], drift: Drift, own: OwnEndpoints
) -> str:
    """Return what no longer works when ``subscription`` ends and ``others`` stay."""
    concealed = next((other for other in others if other.pk == -subscription.pk), None)
    if concealed is not None:  # it ends for all users of the account, so for us, too
        both = (
            _external_impact(subscription, drift, own),
            unsubscribe_impact(concealed, (), drift, own),
        )
        return " ".join(both)
    if subscription.target not in own:
        return _external_impact(subscription, drift, own)
    if not _arrives(subscription, own):
        return _("Nothing: our endpoint already refuses what is sent to this URL.")
    if subscription.kind not in Kind.values:
        return _("Nothing: this version does not know the event and only stores it.")
    for other in others:
        if other.kind == subscription.kind and _arrives(other, own):
            text = _("Nothing: subscription %(id)d sends the same event to our endpoint.")
            return text % {"id": other.pk}
    return str(_IMPACT[Kind(subscription.kind)])


def is_external(subscription: Subscription, drift: Drift, own: OwnEndpoints) -> bool:
    """Return whether ``subscription`` was not requested here, and is not sent to us."""
    return subscription.target not in own and any(
        finding.subscription is not None and finding.subscription.pk == subscription.pk
        for finding in (*drift.of(DiscrepancyKind.EXTERNAL), *drift.of(DiscrepancyKind.REPLACED))
    )


def _external_impact(subscription: Subscription, drift: Drift, own: OwnEndpoints) -> str:
    if is_external(subscription, drift, own):
        text = _(
            "Another integration, unknown to this dashboard, no longer receives this event at %(target)s."
        )
    else:
        text = _("The receiver at %(target)s no longer receives this event.")
    return text % {"target": subscription.target}


def _arrives(subscription: Subscription, own: OwnEndpoints) -> bool:
    endpoint = own.endpoint(subscription.target)
    return endpoint is not None and endpoint.state != Endpoint.State.RETIRED

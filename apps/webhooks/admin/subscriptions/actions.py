"""Changes from the page of webhook subscriptions. Each is a POST, followed by a redirect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.identifiers import read_number
from apps.pneumatic.client import capabilities
from apps.webhooks.admin.permissions import MANAGE, needs
from apps.webhooks.admin.subscriptions.forms import SubscribeForm
from apps.webhooks.admin.subscriptions.impact import is_external, unsubscribe_impact
from apps.webhooks.admin.subscriptions.pages import PAGE, TIMEOUT_SECONDS, endpoint, show
from apps.webhooks.admin.subscriptions.presentation import event_label, replaced, shown_target
from apps.webhooks.models import Kind, Subscription
from apps.webhooks.subscriptions import drift, operations, rotation, self_test, services, targets
from apps.webhooks.subscriptions.operations import Operation, OperationResult, OperationState
from apps.webhooks.subscriptions.targets import OwnEndpoints

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
@needs(MANAGE)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Subscribe to the selected events; ask first where the URL has warnings or another URL is replaced."""
    if capabilities().one_url_per_event:
        services.refresh(timeout_seconds=TIMEOUT_SECONDS)
    form = SubscribeForm(request.POST)
    if not form.is_valid() or form.needs_confirmation:
        return _ask(request, form)
    kinds, target = form.cleaned_data["kinds"], form.cleaned_data["target"]
    try:
        results = services.subscribe(request.user, kinds, target, replacing=form.replaced)
    except ValueError as refusal:
        messages.error(request, str(refusal))
        return redirect(PAGE)
    report(request, results)
    conflicts = [each.operation.kind for each in results if each.is_conflict and each.operation.kind]
    if conflicts:  # the URL changed after the question
        form = SubscribeForm(_only(request.POST, conflicts))
        if not form.is_valid() or form.needs_confirmation:
            return _ask(request, form)
    return redirect(PAGE)


def _only(given: QueryDict, kinds: Sequence[str]) -> QueryDict:
    """Return the form's data with these events selected."""
    data = given.copy()
    data.pop("all", None)
    data.setlist("kinds", list(kinds))
    return data


def _ask(request: HttpRequest, form: SubscribeForm) -> HttpResponse:
    context = {
        "title": _("Subscribe"),
        "form": form,
        "endpoint": endpoint(),
        "replaced": replaced(form.replaced, OwnEndpoints()),
    }
    return show(request, "subscribe.html", context, status=422)


@GET_OR_POST
@needs(MANAGE)
def unsubscribe(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """Show the impact, then end one subscription."""
    row = get_object_or_404(Subscription, pk=subscription_id)
    rows = [] if row.removed_at is not None else [row]
    return _unsubscribe(
        request, row, rows, _("Unsubscribe"), lambda: [services.unsubscribe(request.user, row.pk)]
    )


@GET_OR_POST
@needs(MANAGE)
def unsubscribe_target(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """Do the same for all subscriptions of a target. The URL of the page has an id, as a target may be secret."""
    row = get_object_or_404(Subscription, pk=subscription_id)
    present = Subscription.objects.filter(removed_at=None, target=row.target, id__gte=0)
    rows = list(present.order_by("event", "id"))
    title = _("Unsubscribe all for this URL")
    return _unsubscribe(
        request, row, rows, title, lambda: services.unsubscribe_target(request.user, row.target)
    )


def _unsubscribe(
    request: HttpRequest,
    row: Subscription,
    rows: Sequence[Subscription],
    title: str,
    end: Callable[[], Sequence[OperationResult]],
) -> HttpResponse:
    if not rows:
        messages.info(request, _("This has already ended."))
        return redirect(PAGE)
    if request.method != "POST":
        return show(request, "unsubscribe.html", {"title": title, **_ending(rows)})
    if capabilities().one_url_per_event and request.POST.get("seen") != targets.fingerprint(row.target):
        messages.warning(
            request, _("Pneumatic now sends this event to another URL. Nothing was ended. Check it again.")
        )
        return redirect(request.path)
    report(request, end())
    return redirect(PAGE)


@require_POST
@needs(MANAGE)
def stop_expecting(request: HttpRequest, wanted_id: int) -> HttpResponseRedirect:
    """Stop expecting a subscription that Pneumatic does not have."""
    services.stop_expecting(wanted_id)
    messages.success(request, _("This subscription is no longer expected."))
    return redirect(PAGE)


@GET_OR_POST
@needs(MANAGE)
def repair(request: HttpRequest) -> HttpResponse:
    """Show the operations of a repair; then apply those that were shown, if the plan is still the same."""
    given = request.POST if request.method == "POST" else request.GET
    also = {id_ for text in given.getlist("also") if (id_ := read_number(text)) is not None}
    if request.method != "POST":
        services.refresh(timeout_seconds=TIMEOUT_SECONDS)
    found = drift.find_drift()
    planned = drift.plan(found, also)
    if request.method != "POST":
        return show(request, "repair.html", {"title": _("Repair"), "drift": found, **_planned(planned, also)})
    if {operation.key for operation in planned} == set(request.POST.getlist("step")):
        results = operations.apply(planned, request.user)
        report(request, results)
        if not any(result.is_conflict for result in results):
            return redirect(PAGE)
    else:
        messages.warning(request, _("The subscriptions have changed. Check the updated plan."))
    query = "&".join(f"also={id_}" for id_ in sorted(also))
    return redirect(f"{reverse('admin:webhooks_subscription_repair')}?{query}")


@GET_OR_POST
@needs(MANAGE)
def rotate(request: HttpRequest) -> HttpResponse:
    """Show the progress of a rotation; a POST takes the step ``do``."""
    if request.method != "POST":
        if capabilities().one_url_per_event:  # to show which URLs are replaced
            services.refresh(timeout_seconds=TIMEOUT_SECONDS)
        status = rotation.status()
        context = {
            "title": _("Rotate token"),
            "rotation": status,
            "missing_kinds": [event_label(kind, "") for kind in status.missing],
            "external_kinds": [event_label(kind, "") for kind in status.external],
            "grace": round(rotation.GRACE.total_seconds() / 60),
        }
        return show(request, "rotation.html", context)
    steps: dict[str, Callable[[], rotation.RotationProgress]] = {
        "begin": lambda: rotation.begin(request.user),
        "advance": lambda: rotation.advance(request.user),
        "confirm": lambda: rotation.advance(request.user, confirmed=True),
        "confirm_by_test": lambda: rotation.confirm_by_test(request.user),
        "abort": lambda: rotation.abort(request.user),
    }
    step = steps.get(request.POST.get("do", ""))
    if step is None:
        raise Http404
    try:
        progress = step()
    except rotation.NothingToRotateError as refusal:
        messages.error(request, str(refusal))
    else:
        report(request, progress.results)
        if progress.error and not any(result.error == progress.error for result in progress.results):
            messages.error(request, progress.error)
    return redirect("admin:webhooks_subscription_rotation")


@require_POST
@needs(MANAGE)
def test(request: HttpRequest) -> HttpResponseRedirect:
    """Send test events to our endpoint; the page shows their progress."""
    selected = [kind for kind in Kind if kind.value in request.POST.getlist("kind")]
    if not selected:
        raise Http404
    for kind in selected:
        self_test.send(request.user, kind.value)
    return redirect(f"{reverse(PAGE)}#tests")


def report(request: HttpRequest, results: Sequence[OperationResult]) -> None:
    """Add messages: one for everything subscribed, one for everything ended, one for each failure."""
    for is_ending in (False, True):
        ok = [each for each in results if each.is_ok and each.operation.is_ending == is_ending]
        if ok:
            is_new = any(result.state == OperationState.DONE for result in ok)
            (messages.success if is_new else messages.info)(request, _success_message(ok, is_ending, is_new))
    for result in results:
        event = event_label(result.operation.kind or "", result.operation.event)
        if not result.is_ok:
            messages.error(request, f"{event}: {result.error}")
        elif result.is_concealed:
            text = _("Another user of the account has a URL for it. Pneumatic lists only that one.")
            messages.info(request, f"{event}: {text}")


def _success_message(results: Sequence[OperationResult], is_ending: bool, is_new: bool) -> str:
    has_numbers = not capabilities().one_url_per_event
    names = ", ".join(
        event_label(result.operation.kind or "", result.operation.event)
        + (f" ({result.subscription_id})" if has_numbers else "")
        for result in results
    )
    if is_ending:
        text = _("Unsubscribed: %(names)s.") if is_new else _("Already unsubscribed: %(names)s.")
    else:
        text = _("Subscribed: %(names)s.") if is_new else _("Already subscribed: %(names)s.")
    return text % {"names": names}


def _ending(rows: Sequence[Subscription]) -> dict[str, Any]:
    own, found = OwnEndpoints(), drift.find_drift()
    ids, target = {row.pk for row in rows}, rows[0].target
    others = [row for row in services.snapshot().rows if row.pk not in ids]
    return {
        "endings": [
            {
                "row": row,
                "event": event_label(row.kind, row.event),
                "impact": unsubscribe_impact(row, others, found, own),
            }
            for row in rows
        ],
        "target": shown_target(target, own),
        "seen": targets.fingerprint(target),
        "is_external": any(is_external(row, found, own) for row in rows),
    }


def _planned(planned: Sequence[Operation], also: set[int]) -> dict[str, Any]:
    own = OwnEndpoints()
    entries = [
        {
            "operation": operation,
            "event": event_label(operation.kind or "", operation.event),
            "target": shown_target(operation.target, own),
            "is_external": operation.target not in own and operation.subscription_id in also,
            "replaced": replaced({operation.kind: operation.replaces}, own)
            if operation.kind and operation.replaces
            else (),
        }
        for operation in sorted(planned, key=lambda operation: operation.is_ending)  # as they are applied
    ]
    count = ngettext("%(n)d change", "%(n)d changes", len(planned)) % {"n": len(planned)}
    return {"entries": entries, "also": sorted(also), "count": count}

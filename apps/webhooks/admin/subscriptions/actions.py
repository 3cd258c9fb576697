"""What the page of webhook subscriptions changes. Every change is a POST of its own, and then a redirect."""

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
from apps.webhooks.admin.subscriptions.impact import is_somebody_elses, what_stops
from apps.webhooks.admin.subscriptions.pages import LONGEST_WAIT, PAGE, receiver, show
from apps.webhooks.admin.subscriptions.presentation import Addresses, event_label, replaced
from apps.webhooks.models import Kind, Subscription
from apps.webhooks.subscriptions import drift, rotation, self_test, services, targets
from apps.webhooks.subscriptions.operations import Operation, OperationKind, OperationResult, OperationState

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
@needs(MANAGE)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Subscribe to the chosen events; where the address raises doubts or another one loses an event, ask first."""
    if capabilities().one_url_per_event:
        services.refresh(patience=LONGEST_WAIT)
    form = SubscribeForm(request.POST)
    if not form.is_valid() or form.needs_word:
        return _ask(request, form)
    try:
        outcomes = services.subscribe(
            request.user,
            form.cleaned_data["kinds"],
            form.cleaned_data["target"],
            replacing=form.replaced,
        )
    except ValueError as refusal:
        messages.error(request, str(refusal))
        return redirect(PAGE)
    tell(request, outcomes)
    taken = [outcome.step.kind for outcome in outcomes if outcome.is_taken and outcome.step.kind]
    if taken:  # between the question and its answer
        form = SubscribeForm(_chosen(request.POST, taken))
        if not form.is_valid() or form.needs_word:
            return _ask(request, form)
    return redirect(PAGE)


def _chosen(given: QueryDict, kinds: Sequence[str]) -> QueryDict:
    """Return the form as it was sent, for these events only."""
    data = given.copy()
    data.pop("all", None)
    data.setlist("kinds", list(kinds))
    return data


def _ask(request: HttpRequest, form: SubscribeForm) -> HttpResponse:
    context = {
        "title": _("Subscribe"),
        "form": form,
        "receiver": receiver(),
        "replaced": replaced(form.replaced, Addresses()),
    }
    return show(request, "subscribe.html", context, status=422)


@GET_OR_POST
@needs(MANAGE)
def unsubscribe(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """End one subscription, after having said what stops."""
    row = get_object_or_404(Subscription, pk=subscription_id)
    if row.removed_at is not None:
        messages.info(request, _("Subscription %(id)d had ended already.") % {"id": row.pk})
        return redirect(PAGE)
    if request.method == "POST":
        if not _was_shown(request, row):
            return redirect("admin:webhooks_subscription_unsubscribe", row.pk)
        tell(request, [services.unsubscribe(request.user, row.pk)])
        return redirect(PAGE)
    return show(request, "unsubscribe.html", {"title": _("Unsubscribe"), **_ending([row])})


@GET_OR_POST
@needs(MANAGE)
def unsubscribe_target(request: HttpRequest, subscription_id: int) -> HttpResponse:
    """End every subscription of the target that this one has. No address of a page holds a target: it may be secret."""
    row = get_object_or_404(Subscription, pk=subscription_id)
    there = Subscription.objects.filter(removed_at=None, target=row.target, id__gte=0)
    rows = list(there.order_by("event", "id"))
    if not rows:
        messages.info(request, _("Everything that was sent to this address had ended already."))
        return redirect(PAGE)
    if request.method == "POST":
        if not _was_shown(request, row):
            return redirect("admin:webhooks_subscription_unsubscribe_target", row.pk)
        tell(request, services.unsubscribe_target(request.user, row.target))
        return redirect(PAGE)
    context = {"title": _("Unsubscribe an address"), "is_target": True, "first": row, **_ending(rows)}
    return show(request, "unsubscribe.html", context)


def _was_shown(request: HttpRequest, row: Subscription) -> bool:
    """Return whether the page that asked showed the address that ``row`` has now; say so where it did not."""
    if not capabilities().one_url_per_event or request.POST.get("seen") == targets.fingerprint(row.target):
        return True
    messages.warning(
        request,
        _("Pneumatic sends this event to another address by now. Nothing was ended; look at it again."),
    )
    return False


@require_POST
@needs(MANAGE)
def give_up(request: HttpRequest, wanted_id: int) -> HttpResponseRedirect:
    """Want something no longer that Pneumatic does not send anyway."""
    services.give_up(request.user, wanted_id)
    messages.success(request, _("That is not wanted any more."))
    return redirect(PAGE)


@GET_OR_POST
@needs(MANAGE)
def repair(request: HttpRequest) -> HttpResponse:
    """Show the exact steps of a repair; then carry out those that were shown, if they are still the right ones."""
    given = request.POST if request.method == "POST" else request.GET
    also = {id_ for text in given.getlist("also") if (id_ := read_number(text)) is not None}
    if request.method != "POST":
        services.refresh(patience=LONGEST_WAIT)
    found = drift.find_drift()
    planned = drift.plan(found, also)
    if request.method == "POST":
        if {step.key for step in planned} == set(request.POST.getlist("step")):
            outcomes = drift.carry_out(planned, request.user)
            tell(request, outcomes)
            if not any(outcome.is_taken for outcome in outcomes):
                return redirect(PAGE)
        else:
            messages.warning(
                request, _("Things have changed since these steps were shown. Here are the right ones.")
            )
        query = "&".join(f"also={id_}" for id_ in sorted(also))
        return redirect(f"{reverse('admin:webhooks_subscription_repair')}?{query}")
    return show(request, "repair.html", {"title": _("Repair"), "drift": found, **_planned(planned, also)})


@GET_OR_POST
@needs(MANAGE)
def rotate(request: HttpRequest) -> HttpResponse:
    """Explain what a rotation does and where it stands; ``do`` is the step that somebody chose."""
    if request.method != "POST":
        if capabilities().one_url_per_event:  # whose address will be replaced, and whose not
            services.refresh(patience=LONGEST_WAIT)
        status = rotation.status()
        context = {
            "title": _("Replace the token"),
            "rotation": status,
            "missing_kinds": [event_label(kind, "") for kind in status.missing],
            "taken_kinds": [event_label(kind, "") for kind in status.taken],
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
    chosen = steps.get(request.POST.get("do", ""))
    if chosen is None:
        raise Http404
    try:
        progress = chosen()
    except rotation.NothingToRotateError as refusal:
        messages.error(request, str(refusal))
    else:
        tell(request, progress.outcomes)
        if progress.error and not any(outcome.error == progress.error for outcome in progress.outcomes):
            messages.error(request, progress.error)
    return redirect("admin:webhooks_subscription_rotation")


@require_POST
@needs(MANAGE)
def test(request: HttpRequest) -> HttpResponseRedirect:
    """Send test events to ourselves; the page shows how far they come."""
    chosen = [kind for kind in Kind if kind.value in request.POST.getlist("kind")]
    if not chosen:
        raise Http404
    for kind in chosen:
        self_test.send(request.user, kind.value)
    return redirect(f"{reverse(PAGE)}#tests")


def tell(request: HttpRequest, outcomes: Sequence[OperationResult]) -> None:
    """Say what became of each step, in messages; one for all that went well."""
    done = [outcome for outcome in outcomes if outcome.is_ok]
    for action in OperationKind:
        these = [outcome for outcome in done if outcome.step.action == action]
        if these:
            changed = any(outcome.state == OperationState.DONE for outcome in these)
            (messages.success if changed else messages.info)(request, _in_words(action, these))
    for outcome in outcomes:
        event = event_label(outcome.step.kind or "", outcome.step.event)
        if not outcome.is_ok:
            messages.error(request, f"{event}: {outcome.error}")
        elif outcome.is_concealed:
            text = _("Another user of the account has its own address for it, and Pneumatic shows that one.")
            messages.info(request, f"{event}: {text}")


def _in_words(action: OperationKind, outcomes: Sequence[OperationResult]) -> str:
    has_numbers = not capabilities().one_url_per_event
    names = ", ".join(
        event_label(outcome.step.kind or "", outcome.step.event)
        + (f" ({outcome.subscription_id})" if has_numbers else "")
        for outcome in outcomes
    )
    nothing_new = all(outcome.state == OperationState.ALREADY for outcome in outcomes)
    if action == OperationKind.SUBSCRIBE:
        text = _("Subscribed already: %(names)s.") if nothing_new else _("Subscribed: %(names)s.")
    else:
        text = _("Ended already: %(names)s.") if nothing_new else _("Unsubscribed: %(names)s.")
    return text % {"names": names}


def _ending(rows: Sequence[Subscription]) -> dict[str, Any]:
    """Return what the page shows that asks whether ``rows`` shall end."""
    addresses = Addresses()
    found = drift.find_drift()
    ids = {row.pk for row in rows}
    others = [row for row in services.snapshot().rows if row.pk not in ids]
    return {
        "endings": [
            {
                "row": row,
                "event": event_label(row.kind, row.event),
                "stops": what_stops(row, others, found, addresses),
            }
            for row in rows
        ],
        "target": addresses.shown(rows[0].target),
        "seen": targets.fingerprint(rows[0].target),
        "is_foreign": any(is_somebody_elses(row, found, addresses) for row in rows),
    }


def _planned(planned: Sequence[Operation], also: set[int]) -> dict[str, Any]:
    addresses = Addresses()
    ordered = sorted(
        planned, key=lambda step: step.action == OperationKind.UNSUBSCRIBE
    )  # as they are carried out
    steps = [
        {
            "step": step,
            "event": event_label(step.kind or "", step.event),
            "target": addresses.shown(step.target),
            "is_foreign": not addresses.is_own(step.target) and step.subscription_id in also,
            "replaced": replaced({step.kind: step.replaces}, addresses)
            if step.kind and step.replaces
            else (),
        }
        for step in ordered
    ]
    ends = sum(step.action == OperationKind.UNSUBSCRIBE for step in planned)
    count = ngettext("%(n)d step", "%(n)d steps", len(planned)) % {"n": len(planned)}
    return {"steps": steps, "also": sorted(also), "ends": ends, "count": count}

"""The pages of one delivery and of one event in Django admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from apps.core.identifiers import read_number
from apps.webhooks.admin.deliveries import bodies, curl
from apps.webhooks.admin.deliveries.diff import PayloadDiff, difference
from apps.webhooks.admin.permissions import REPLAY, VIEW_DELIVERY, VIEW_EVENT, needs
from apps.webhooks.models import Delivery, Event, Kind, Replay

OTHERS = 50  # deliveries of the same event, replays


@require_GET
@needs(VIEW_DELIVERY)
def page(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Show all that is known of a delivery."""
    delivery = _wanted(delivery_id)
    mask = bodies.Mask()
    content = bytes(delivery.body)
    previous, changes = _previous(delivery, content)
    others = Delivery.objects.none()
    if delivery.event_id is not None:
        others = Delivery.objects.filter(event=delivery.event_id).exclude(pk=delivery.pk)
    context = {
        "title": _("Delivery %(delivery)s") % {"delivery": delivery.pk},
        "delivery": delivery,
        "event": delivery.event,
        "reason": mask.text(delivery.reason),
        "headers": [(name, mask.text(str(value))) for name, value in delivery.headers.items()],
        "took": (delivery.processed_at - delivery.received_at).total_seconds()
        if delivery.processed_at
        else None,
        "pretty": bodies.pretty(content, mask),
        "raw": bodies.raw(content, mask),
        "is_text": bodies.as_text(content) is not None,
        "previous": previous,
        "difference": changes,
        "masked_changes": [
            (change, mask.text(change.before), mask.text(change.after))
            for change in (changes.changes if changes else ())
        ],
        "curl": curl.as_curl(
            pk=delivery.pk,
            address=settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"),
            headers=delivery.headers,
            body=content,
            mask=mask,
        ),
        "variable": curl.VARIABLE,
        "others": list(others.defer("body", "headers").order_by("-received_at", "-id")[:OTHERS]),
        "replays": list(
            Replay.objects.filter(deliveries=delivery).select_related("requested_by").order_by("-id")[:OTHERS]
        ),
        "may_replay": request.user.has_perm(REPLAY),
        "may_see_event": request.user.has_perm(VIEW_EVENT),
    }
    return show(request, "delivery/detail.html", Delivery, context)


@require_safe
@needs(VIEW_DELIVERY)
def body(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send the whole body as a text file, without our tokens: no browser runs anything in it."""
    delivery = _wanted(delivery_id)
    response = HttpResponse(
        bodies.Mask().data(bytes(delivery.body)), content_type="text/plain; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="delivery-{delivery.pk}.txt"'
    return response


@require_GET
@needs(VIEW_EVENT)
def event(request: HttpRequest, event_id: str) -> HttpResponse:
    """Show an event as the gateway read it, and what told it."""
    number = read_number(event_id)
    found = Event.objects.filter(pk=number).first() if number is not None else None
    if found is None:
        raise Http404(_("There is no such event."))
    deliveries = found.deliveries.defer("body", "headers").order_by("-received_at", "-id")[:OTHERS]
    context = {
        "title": _("Event %(event)s: %(kind)s") % {"event": found.pk, "kind": found.get_kind_display()},
        "event": found,
        "facts": bodies.cut(bodies.pretty_json(found.facts)),
        "deliveries": list(deliveries) if request.user.has_perm(VIEW_DELIVERY) else [],
    }
    return show(request, "event/detail.html", Event, context)


def show(request: HttpRequest, template: str, model: Any, context: dict[str, Any]) -> HttpResponse:
    """Render a page of this part of Django admin."""
    frame = {**admin.site.each_context(request), "opts": model._meta}
    return render(request, f"admin/webhooks/{template}", {**frame, **context})


def _wanted(delivery_id: int) -> Delivery:
    found = Delivery.objects.select_related("event", "endpoint").filter(pk=delivery_id).first()
    if found is None:
        raise Http404(_("There is no such delivery: it may have been pruned."))
    return found


def _previous(delivery: Delivery, content: bytes) -> tuple[Event | None, PayloadDiff | None]:
    """Return the event before this one in its workflow, and what changed since; the payloads are compared.

    Where the payload of either is gone or no JSON, what the gateway read in them is.
    """
    current = delivery.event
    if current is None:
        return None, None
    # What we read back ourselves is no payload that anything could be compared with.
    told = Event.objects.filter(workflow_id=current.workflow_id, kind__in=Kind.values)
    earlier = told.exclude(pk=current.pk)
    if current.occurred_at is not None:
        earlier = earlier.filter(
            Q(occurred_at__lt=current.occurred_at)
            | Q(occurred_at=current.occurred_at, pk__lt=current.pk)
            | Q(occurred_at=None)
        )
    else:
        earlier = earlier.filter(pk__lt=current.pk)
    previous = earlier.order_by(F("occurred_at").desc(nulls_last=True), "-pk").first()
    if previous is None:
        return None, None
    first = previous.deliveries.order_by("pk").first()
    try:
        if first is None:
            raise ValueError
        return previous, difference(bodies.as_json(bytes(first.body)), bodies.as_json(content))
    except ValueError:
        return previous, difference(previous.facts, current.facts)

"""The pages that show workflows: the list, its CSV, one workflow, and the events behind it."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.core import live
from apps.core.htmx import is_partial
from apps.core.paging import page
from apps.core.people import pneumatic_id_of
from apps.core.spreadsheet import csv_response, separator_of
from apps.pneumatic.client import workflow_url
from apps.webhooks.freshness import event_freshness
from apps.workflows import selectors
from apps.workflows.forms import WorkflowFilterForm
from apps.workflows.panels import panels_for
from apps.workflows.presentation import rows, timeline
from apps.workflows.presentation.export import csv_lines
from apps.workflows.reconciliation.schedule import freshness


@require_safe
@never_cache
@permission_required("workflows.view_workflow", raise_exception=True)
def workflow_list(request: HttpRequest) -> HttpResponse:
    """Show workflows; only the results for requests by htmx and by open pages that refresh."""
    version = live.version(request, selectors.last_change())
    if live.is_current(request, version):
        return live.unchanged()
    user = cast(User, request.user)
    form = WorkflowFilterForm(request.GET, user=user)
    filters = form.filters()
    shown = page(selectors.workflows(filters), request)
    my_id = pneumatic_id_of(user)
    is_part = is_partial(request) or live.is_asked(request)
    context = {
        "form": form,
        "filters": filters,
        "page": shown,
        "rows": rows.rows(shown.items, me=my_id, with_starters=True),
        "my_id": my_id,
        "feed": event_freshness(),
        "freshness": freshness(),
        "version": version,
        "is_fragment": is_partial(request),
    }
    template = "workflows/_results.html" if is_part else "workflows/workflow_list.html"
    return live.vary(render(request, template, context))


@require_safe
@permission_required("workflows.view_workflow", raise_exception=True)
def workflow_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Stream every workflow that matches the filters as CSV."""
    filters = WorkflowFilterForm(request.GET, user=cast(User, request.user)).filters()
    lines = csv_lines(selectors.workflows(filters), separator=separator_of(request.GET))
    return csv_response("workflows", lines)


@require_safe
@never_cache
@permission_required("workflows.view_workflow", raise_exception=True)
def workflow_detail(request: HttpRequest, workflow_id: int) -> HttpResponse:
    """Show a workflow: status, answers, activity and missing events."""
    last_change = selectors.last_change_of(workflow_id)
    version = live.version(request, last_change)
    if live.is_current(request, version) or (last_change is None and live.is_asked(request)):
        return live.unchanged()
    workflow = selectors.workflow_for_page(workflow_id)
    if workflow is None:
        return _show_unknown(request, workflow_id)
    (row,) = rows.rows([workflow], me=pneumatic_id_of(cast(User, request.user)))
    context = {
        "workflow": workflow,
        "row": row,
        "detail": timeline.detail_of(workflow),
        "panels": panels_for(request, workflow),
        "workflow_url": workflow_url(workflow.pk),
        "feed": event_freshness(),
        "version": version,
    }
    template = "workflows/_workflow.html" if live.is_asked(request) else "workflows/workflow_detail.html"
    return live.vary(render(request, template, context))


@require_safe
@never_cache
@permission_required(["workflows.view_workflow", "webhooks.view_event"], raise_exception=True)
def workflow_event(request: HttpRequest, workflow_id: int, event_id: int) -> HttpResponse:
    """Show an event in readable form: its content, and when it was received."""
    event = selectors.event_of(workflow_id, event_id)
    if event is None:
        return _show_unknown(request, workflow_id, event_id=event_id)
    context = {
        "event": event,
        "detail": timeline.event_detail_of(event),
        "workflow_id": workflow_id,
        "deliveries": selectors.deliveries_of(event)
        if request.user.is_staff and request.user.has_perm("webhooks.view_delivery")
        else (),
    }
    return render(request, "workflows/event_detail.html", context)


def _show_unknown(request: HttpRequest, workflow_id: int, *, event_id: int | None = None) -> HttpResponse:
    """Show that the workflow or event is unknown; the open page shows the workflow when its first event arrives."""
    context = {
        "workflow_id": workflow_id,
        "event_id": event_id,
        "workflow_url": workflow_url(workflow_id),
        "feed": event_freshness(),
        "version": "unknown",
    }
    return live.vary(render(request, "workflows/unknown.html", context, status=404))

"""The launch list, its CSV export, and the page of a launch with its actions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.core import live
from apps.core.htmx import is_partial
from apps.core.identifiers import read_number
from apps.core.paging import page
from apps.core.spreadsheet import csv_response, separator_of
from apps.kickoff.fields import describe_answers
from apps.kickoff.lookups import MirroredPeople
from apps.launches import outcomes, permissions, presentation, selectors
from apps.launches.dispatch import services as dispatch
from apps.launches.dispatch.encoding import is_outdated
from apps.launches.export import csv_lines
from apps.launches.forms import LaunchFilterForm, ResolveForm
from apps.launches.models import Launch
from apps.launches.resolution import matcher
from apps.launches.resolution import services as resolution
from apps.pneumatic.client import Client, connect, workflow_url
from apps.pneumatic.errors import ConfigurationError, Contradicted
from apps.workflow_templates.selectors import version_kickoff
from apps.workflow_templates.services import refresh_if_reachable
from apps.workflows.models import Workflow
from apps.workflows.presentation.rows import news as workflow_news

State = Launch.State


@require_safe
@never_cache
@permission_required("launches.view_launch", raise_exception=True)
def launch_list(request: HttpRequest) -> HttpResponse:
    """Show launches, or only the results for htmx."""
    resolution.settle_abandoned()
    form = LaunchFilterForm(request.GET)
    filters = form.filters()
    is_fragment = is_partial(request)
    shown = page(selectors.launches(filters), request)
    context = {
        "form": form,
        "page": shown,
        "workflows": selectors.workflows_of(cast(User, request.user), shown.items),
        "is_narrowed": filters != selectors.LaunchFilters(),
        "is_fragment": is_fragment,
    }
    template = "launches/_results.html" if is_fragment else "launches/launch_list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@permission_required("launches.view_launch", raise_exception=True)
def launch_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Stream every launch that matches the filters as CSV."""
    resolution.settle_abandoned()
    found = selectors.launches(LaunchFilterForm(request.GET).filters())
    return csv_response("launches", csv_lines(found, separator=separator_of(request.GET)))


@require_safe
@never_cache
@permission_required("launches.view_launch", raise_exception=True)
def launch_detail(request: HttpRequest, launch_id: uuid.UUID) -> HttpResponse:
    """Show a launch: its request, its outcome, and what to do next."""
    resolution.settle_abandoned()
    return _detail_page(request, _launch_or_404(launch_id), ResolveForm())


@require_POST
@permission_required("launches.launch_workflow", raise_exception=True)
def launch_retry(request: HttpRequest, launch_id: uuid.UUID) -> HttpResponse:
    """Send a failed launch again."""
    launch = _launch_or_404(launch_id)
    try:
        with connect() as client:
            _retry(request, launch, client)
    except ConfigurationError as error:
        messages.error(request, outcomes.of_error(error).reason)
    return redirect("launch-detail", launch_id=launch.pk)


def _retry(request: HttpRequest, launch: Launch, client: Client) -> None:
    refusal = permissions.launch_denied_reason(cast(User, request.user), launch.template)
    if refusal:
        messages.error(request, refusal)
    elif launch.is_overdue:
        messages.error(request, _("The due date has passed. Edit it and launch again."))
    elif reason := _stale_reason(launch, client):
        messages.error(request, reason)
    elif dispatch.retry(launch, attempts=_seen_attempts(request)):
        dispatch.send(launch, client)
    else:
        messages.info(request, _("This launch was retried or resolved in the meantime."))


@require_POST
@permission_required("launches.launch_workflow", raise_exception=True)
def launch_resolve(request: HttpRequest, launch_id: uuid.UUID) -> HttpResponse:
    """Resolve an unknown launch with what the user found in Pneumatic."""
    launch = _launch_or_404(launch_id)
    form = ResolveForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, launch, form, status=422)
    try:
        resolution.resolve(launch, user=cast(User, request.user), workflow_id=form.workflow_id_found)
    except resolution.ResolveError as error:
        messages.error(request, str(error))
    return redirect("launch-detail", launch_id=launch.pk)


def _stale_reason(launch: Launch, client: Client) -> str:
    """Return why the same request must not be sent again for the current template; "" where it may be."""
    try:
        template = refresh_if_reachable(launch.template, client)
    except Contradicted as error:
        return error.message
    if is_outdated(launch, template):
        return _("The template has changed since then. Edit and launch again: your answers are kept.")
    return ""


def _detail_page(
    request: HttpRequest, launch: Launch, form: ResolveForm, *, status: int = 200
) -> HttpResponse:
    user = cast(User, request.user)
    is_open = launch.state in {State.QUEUED, State.SENDING}
    if not is_open and request.headers.get("HX-Target") == "content":
        # The page of an open launch polls itself; the page of a settled one is updated by live.js.
        return HttpResponse(headers={"HX-Refresh": "true"})
    workflow = next(iter(selectors.workflows_of(user, [launch]).values()), None)
    found = _candidates(launch, user)
    is_stale = launch.state == State.FAILED and is_outdated(launch, launch.template)
    version = live.version(request, is_stale, *_facts(launch, workflow, found))
    if live.is_current(request, version):
        return live.unchanged()
    refusal = permissions.launch_denied_reason(user, launch.template)
    context = {
        "launch": launch,
        "text": presentation.STATE_TEXTS[launch.state],
        "tone": presentation.tone(launch),
        "polling": presentation.polling_status(launch),
        "is_open": is_open,
        "is_live": not is_open and request.method == "GET",
        "version": version,
        "workflow": workflow,
        "news": workflow_news(workflow) if workflow else presentation.STATE_TEXTS[launch.state].title,
        "candidates": found,
        "evidence_started_at": presentation.evidence_started_at(launch),
        "conflicts": launch.conflicts.splitlines(),
        "shows_advice": is_open or user.has_perm("launches.launch_workflow"),
        "answers": describe_answers(
            version_kickoff(launch.version).fields, launch.answers, people=MirroredPeople()
        ),
        "field_errors": presentation.shown_errors(launch),
        "workflow_url": workflow_url(launch.workflow_id) if launch.workflow_id else "",
        "successors": list(launch.successors.order_by("created_at")[:20]),
        "json": presentation.pretty_json(launch.payload),
        "refusal": refusal,
        "can_edit": not refusal and not is_open and launch.state != State.UNKNOWN,
        "pneumatic_url": settings.PNEUMATIC_APP_URL,
        "is_outdated": is_stale,
        "can_retry": launch.state == State.FAILED and not (refusal or launch.is_overdue or is_stale),
        "can_resolve": launch.state == State.UNKNOWN and user.has_perm("launches.launch_workflow"),
        "resolve_form": form,
    }
    name = "launches/_launch.html" if live.is_asked(request) else "launches/launch_detail.html"
    return live.vary(render(request, name, context, status=status))


def _candidates(launch: Launch, user: User) -> matcher.Candidates:
    """Return the workflows that the launch may have started, where its own is not certain.

    For an unknown launch these are all possible ones. For one that was matched by an event, or recorded as not started,
    they are the other workflows that match in everything.
    """
    if not user.has_perm("workflows.view_workflow"):
        return matcher.Candidates()
    if launch.state == State.UNKNOWN:
        return matcher.candidates(launch)
    is_denied = launch.was_not_found or (launch.state == State.FAILED and launch.resolved_by_id is not None)
    if launch.evidence is None and not is_denied:
        return matcher.Candidates()
    others = tuple(
        candidate
        for candidate in matcher.candidates(launch).shown
        if candidate.comparison.matches and candidate.workflow.pk != launch.workflow_id
    )
    return matcher.Candidates(others, len(others))


def _facts(launch: Launch, workflow: Workflow | None, found: matcher.Candidates) -> Iterator[object]:
    """Yield the values on the page that may change while it is open."""
    yield from (launch.state, launch.attempts, launch.reason, launch.conflicts, launch.workflow_id)
    yield from (launch.checked_at, launch.check_attempted_at, launch.check_note)
    yield from (found.possible, found.left_out)
    for shown in [workflow, *(candidate.workflow for candidate in found.shown)]:
        yield (shown.pk, shown.changed_at) if shown else None


def _launch_or_404(launch_id: uuid.UUID) -> Launch:
    launch = selectors.launch_for_page(launch_id)
    if launch is None:
        raise Http404(_("Launch not found."))
    return launch


def _seen_attempts(request: HttpRequest) -> int:
    """Return the number of attempts that the user saw; -1, which matches no launch, where it is missing."""
    seen = read_number(request.POST.get("attempts", ""))
    return -1 if seen is None else seen

"""The home page and the search over everything."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.core import live
from apps.core.htmx import is_partial
from apps.core.text.visible import first_visible
from apps.dashboard import selectors
from apps.launches.resolution.services import settle_abandoned
from apps.workflows.selectors import last_change

MAX_QUERY_CHARACTERS = 200


@require_safe
@never_cache
@permission_required("workflow_templates.view_template", raise_exception=True)
def home(request: HttpRequest) -> HttpResponse:
    """Show the home page, or only the running workflows to a page that polls."""
    user = cast(User, request.user)
    context: dict[str, object] = {}
    if user.has_perm("workflows.view_workflow"):
        version = live.version(request, last_change())
        if live.is_current(request, version):
            return live.unchanged()
        context = {"moving": selectors.moving_for(user), "version": version}
        if live.is_asked(request):
            return live.vary(render(request, "dashboard/_moving.html", context))
    settle_abandoned()
    return live.vary(render(request, "dashboard/home.html", {**context, "home": selectors.home_for(user)}))


@require_safe
@permission_required("workflow_templates.view_template", raise_exception=True)
def search(request: HttpRequest) -> HttpResponse:
    """Show the results for ``q``, or only their part of the page to a request of htmx during typing."""
    words = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:MAX_QUERY_CHARACTERS]
    query = first_visible(words)
    context = {"query": query, "found": selectors.found_for(cast(User, request.user), query)}
    context["is_fragment"] = is_partial(request)
    template = "dashboard/_hits.html" if context["is_fragment"] else "dashboard/search.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response

"""The catalogue: the list, a template's page, and the page of a version."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from apps.core.htmx import is_partial
from apps.core.paging import page
from apps.workflow_templates import panels, presentation, selectors
from apps.workflow_templates.forms import CatalogueForm
from apps.workflow_templates.versions import compare

VERSIONS_SHOWN = 20


@require_safe
@permission_required("workflow_templates.view_template", raise_exception=True)
def template_list(request: HttpRequest) -> HttpResponse:
    """Show the catalogue, or only its results to a request of htmx during typing."""
    user = cast(AbstractUser, request.user)
    form = CatalogueForm(request.GET, user=user)
    filters = form.filters()
    favourites = list(selectors.favourites(user=user, filters=filters))
    others = page(selectors.others(user=user, filters=filters, without=favourites), request)
    rows = list(others) if others.has_previous else [*favourites, *others]
    context = {
        "form": form,
        "page": others,
        "rows": rows,
        "is_narrowed": filters != selectors.Filters(),
        "filters": filters,
        "nothing_synced": not rows and not selectors.any_template_exists(),
        "is_fragment": is_partial(request),
    }
    if context["is_fragment"]:
        response = push_url(render(request, "workflow_templates/_results.html", context), _short_url(request))
    else:
        response = render(request, "workflow_templates/template_list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _short_url(request: HttpRequest) -> str:
    """Return the address of this list without its empty parameters."""
    query = request.GET.copy()
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return f"{request.path}?{query.urlencode()}" if query else request.path


@require_safe
@permission_required("workflow_templates.view_template", raise_exception=True)
def template_detail(request: HttpRequest, template_id: int) -> HttpResponse:
    """Show a template with the panels of other apps."""
    template = selectors.template_for_page(template_id)
    if template is None:
        raise Http404(_("There is no template %(id)d.") % {"id": template_id})
    context = {
        "template": template,
        "detail": presentation.template_detail(template),
        "refusal": panels.launch_refusal(cast(AbstractUser, request.user), template),
        "panels": panels.panels_for(request, template),
        "versions": presentation.version_history(template, limit=VERSIONS_SHOWN),
    }
    return render(request, "workflow_templates/template_detail.html", context)


@require_safe
@permission_required("workflow_templates.view_templateversion", raise_exception=True)
def template_version(request: HttpRequest, template_id: int, number: int) -> HttpResponse:
    """Show a version of a template's form and its changes from the previous one."""
    version, previous = selectors.version_with_previous(template_id, number)
    if version is None:
        raise Http404(_("There is no version %(number)d of this template.") % {"number": number})
    kickoff = selectors.version_kickoff(version)
    context = {
        "template": version.template,
        "version": version,
        "previous": previous,
        "changes": compare(selectors.version_kickoff(previous), kickoff) if previous else [],
        "kickoff": presentation.form_detail(kickoff),
    }
    return render(request, "workflow_templates/template_version.html", context)

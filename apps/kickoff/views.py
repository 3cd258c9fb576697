"""Search for the options of a form's search boxes."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.kickoff.fields import Option, create
from apps.kickoff.fields.choices import ChoiceField
from apps.kickoff.fields.user import find
from apps.kickoff.lookups import HITS, MirroredPeople
from apps.kickoff.names import control_key
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import current_kickoff

MAX_QUERY_CHARACTERS = 200


@require_GET
@never_cache
@permission_required("accounts.view_pneumaticuser", raise_exception=True)
def people_search(request: HttpRequest) -> JsonResponse:
    """Return at most 20 users and groups whose name or e-mail matches ``q``, as JSON."""
    return _hits(find(MirroredPeople(), _query(request)))


@require_GET
@never_cache
@permission_required("workflow_templates.view_template", raise_exception=True)
def options_search(request: HttpRequest, template_id: int) -> JsonResponse:
    """Return at most 20 options of the kickoff field ``field`` that match ``q``, as JSON."""
    template = get_object_or_404(Template.objects.select_related("current_version"), pk=template_id)
    wanted = request.GET.get("field", "")
    for definition in current_kickoff(template).fields:
        if wanted in {definition.api_name, control_key(definition.api_name)}:
            field = create(definition)
            if isinstance(field, ChoiceField):
                return _hits(field.search(_query(request)))
    raise Http404("No such field with options.")


def _query(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip()[:MAX_QUERY_CHARACTERS]


def _hits(options: Sequence[Option]) -> JsonResponse:
    hits = [
        {"value": option.value, "label": option.label, "note": option.note, "badge": option.badge}
        for option in options
    ]
    return JsonResponse({"hits": hits, "is_cut": len(hits) == HITS})

"""The list of presets, the page of one, and the fields whose recent values are not offered."""

from __future__ import annotations

import uuid
from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.core.paging import page
from apps.kickoff.fields import describe_answers
from apps.kickoff.lookups import MirroredPeople
from apps.launches.views.form_page import template_or_404
from apps.preparation import selectors
from apps.preparation.models import Preset
from apps.preparation.models.preset import MAX_TITLE_CHARACTERS
from apps.preparation.presets import services
from apps.workflow_templates.selectors import current_kickoff, version_kickoff


class PresetForm(forms.Form):
    """Name, visibility and default of a preset."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=MAX_TITLE_CHARACTERS)
    visibility = forms.ChoiceField(label=gettext_lazy("Visible to"), choices=Preset.Visibility.choices)
    is_default = forms.BooleanField(label=gettext_lazy("Open the form with it"), required=False)

    def __init__(self, *args: object, can_share: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # passed on as they are
        if not can_share:
            del self.fields["visibility"]
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs["class"] = "input"


@require_safe
@never_cache
@permission_required("workflow_templates.view_template", raise_exception=True)
def preset_list(request: HttpRequest) -> HttpResponse:
    """Show the presets of the user and of the team."""
    shown = page(selectors.visible_presets(cast(User, request.user)), request)
    return render(request, "preparation/preset_list.html", {"page": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@permission_required("workflow_templates.view_template", raise_exception=True)
def preset_detail(request: HttpRequest, preset_id: uuid.UUID) -> HttpResponse:
    """Show the answers of a preset and who uses it; rename it, share it, make it the default."""
    user = cast(User, request.user)
    preset = _preset_or_404(user, preset_id)
    can_change, can_share = services.may_change(user, preset), user.has_perm(services.SHARE)
    initial = {"name": preset.name, "visibility": preset.visibility, "is_default": preset.is_default}
    form = PresetForm(request.POST or None, initial=initial, can_share=can_share)
    status = 200
    if request.method == "POST":
        if not can_change:
            raise PermissionDenied
        if form.is_valid() and _rename(request, preset, form):
            return redirect(preset)
        status = 422
    context = {
        "preset": preset,
        "form": form if can_change else None,
        "answers": describe_answers(
            version_kickoff(preset.version).fields, preset.answers, people=MirroredPeople()
        ),
        "uses": preset.uses.select_related("user").order_by("-last_used_at", "pk")[:50],
    }
    return render(request, "preparation/preset_detail.html", context, status=status)


@require_POST
@permission_required("workflow_templates.view_template", raise_exception=True)
def preset_delete(request: HttpRequest, preset_id: uuid.UUID) -> HttpResponse:
    """Delete a preset."""
    user = cast(User, request.user)
    preset = _preset_or_404(user, preset_id)
    if not services.may_change(user, preset):
        raise PermissionDenied
    services.delete(preset.pk)
    messages.success(request, _("The preset was deleted."))
    return redirect("preset-list")


@require_POST
@permission_required("preparation.manage_recent_values", raise_exception=True)
def private_fields(request: HttpRequest, template_id: int) -> HttpResponse:
    """Store of which fields recent values are offered."""
    template = template_or_404(template_id)
    offered = set(request.POST.getlist("offered"))
    known = {field.api_name for field in current_kickoff(template).fields}
    services.set_private_fields(template, known - offered)
    messages.success(request, _("Saved."))
    return redirect("template-detail", template_id=template.pk)


def _rename(request: HttpRequest, preset: Preset, form: PresetForm) -> bool:
    try:
        services.rename(
            preset,
            name=form.cleaned_data["name"],
            visibility=form.cleaned_data.get("visibility", preset.visibility),
            is_default=form.cleaned_data["is_default"],
        )
    except services.NameTakenError:
        form.add_error("name", _("There is another preset of this name for the template."))
        return False
    messages.success(request, _("The preset was saved."))
    return True


def _preset_or_404(user: User, preset_id: uuid.UUID) -> Preset:
    found = selectors.visible_presets(user).defer(None).select_related("template", "owner", "version")
    preset = found.filter(pk=preset_id).first()
    if preset is None:
        raise Http404(_("Preset not found."))
    return preset

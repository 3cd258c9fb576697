"""Presets in the launch form: fill it in, save and update them, recent values, and a link to the form as filled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.core.identifiers import read_number, read_uuid
from apps.kickoff.fields import create
from apps.kickoff.names import control_name
from apps.kickoff.rows import NAME_CONTROL
from apps.kickoff.transfer import carry_over, rebase
from apps.launches.submission.prefill import Prefill
from apps.launches.submission.submission import Submission
from apps.launches.views.extensions import FormParts
from apps.launches.views.form_page import kept_page, show_form
from apps.pneumatic.canonical.schemas import Kickoff
from apps.preparation import selectors
from apps.preparation.models import Preset
from apps.preparation.models.preset import MAX_TITLE_CHARACTERS
from apps.preparation.presets import services
from apps.preparation.presets.recent import last_launch, recent_values
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import current_kickoff, version_kickoff

MAX_LINK_CHARACTERS = 8000  # servers refuse longer addresses
NO_PRESET = "none"  # in the address, instead of the id of a preset


@dataclass(frozen=True, slots=True)
class PresetOutcome:
    """What a button of the presets did, for the page that follows."""

    link: str = ""
    is_saved: bool = False


class PresetsInForm:
    """The addition to the launch form (``launches.views.extensions.FormExtension``)."""

    def prefill(self, request: HttpRequest, template: Template, kickoff: Kickoff, filled: Prefill) -> Prefill:
        """Return the answers of the preset in the address, of the last launch, or of the default preset."""
        user = cast(User, request.user)
        if request.GET.get("last"):
            return _as_last_time(user, template, kickoff, filled)
        preset, note = _chosen(request, template)
        if preset is None:
            return replace(filled, left_out=[*filled.left_out, note]) if note else filled
        before = version_kickoff(preset.version).fields
        controls, lost = rebase(preset.content.controls(before), before, kickoff.fields)
        answers: dict[str, Any] = dict(controls.lists())
        if not preset.workflow_name:
            answers.pop(NAME_CONTROL)
        from_link = {name: values for name, values in filled.initial.items() if name != NAME_CONTROL}
        if request.GET.get(NAME_CONTROL):
            from_link[NAME_CONTROL] = filled.initial[NAME_CONTROL]
        return replace(
            filled,
            initial={**filled.initial, **answers, **from_link},
            urgency=filled.urgency if filled.urgency.controls else preset.content.urgency,
            left_out=[*filled.left_out, *(one.sentence for one in lost)],
        )

    def pressed(self, request: HttpRequest, submission: Submission) -> HttpResponse | None:
        """Save or update a preset, fill in a recent value, or show a link to the form."""
        actions = {
            "save_preset": _save,
            "update_preset": _update,
            "copy_link": _show_link,
            "use_recent": _use_recent,
        }
        action = next((actions[name] for name in actions if name in request.POST), None)
        if "enter" in request.POST and request.POST.get("preset_name", "").strip():
            action = _save  # not a launch: Enter was pressed in the box for the name
        return action(request, submission) if action is not None and submission.version else None

    def parts(self, request: HttpRequest, template: Template, kickoff: Kickoff) -> FormParts:
        """Return the presets of the template, and the recent values of its fields."""
        user = cast(User, request.user)
        presets = list(selectors.visible_presets(user).filter(template=template))
        shown = _shown_preset(request, presets)
        outcome: PresetOutcome = getattr(request, "preset_outcome", PresetOutcome())
        context = {
            "template": template,
            "presets": presets,
            "shown": shown,
            "can_update": shown is not None and services.may_change(user, shown),
            "can_share": user.has_perm(services.SHARE),
            "outcome": outcome,
            "posted": {} if outcome.is_saved else request.POST,
            "last": last_launch(user, template),
            "form_url": reverse("template-launch", args=[template.pk]),
            "max_length": MAX_TITLE_CHARACTERS,
        }
        return FormParts(
            notices=render_to_string("preparation/_presets.html", context, request=request),
            status=render_to_string("preparation/_preset_save.html", context, request=request),
            fields=_recent(request, user, template, kickoff),
        )


def link_to(submission: Submission) -> str:
    """Return the path and query of the form filled in like ``submission``, without its files."""
    fields = {control_name(one.api_name): create(one) for one in submission.definitions}
    query: list[tuple[str, str]] = []
    for name, values in submission.initial.items():
        field = fields.get(name)
        given = [str(value) for value in values if value]
        if name == NAME_CONTROL or (field is not None and not field.holds_files):
            if not given and field is not None and field.definition.default:
                given = [""]  # it stays empty, although it has a default
            query += [(name, value) for value in given]
    query += [(name, value) for name, values in submission.urgency.controls.items() for value in values]
    path = reverse("template-launch", args=[submission.template.pk])
    return f"{path}?{urlencode([*query, ('preset', NO_PRESET)])}"


def _as_last_time(user: User, template: Template, kickoff: Kickoff, filled: Prefill) -> Prefill:
    """Return the answers of the last launch, under a new name and not as its copy: equal ones need a confirmation."""
    launch = last_launch(user, template)
    if launch is None:
        return filled
    answers, lost = carry_over(launch.answers, version_kickoff(launch.version).fields, kickoff.fields)
    return replace(filled, initial={**answers, **filled.initial}, left_out=[*filled.left_out, *lost])


def _chosen(request: HttpRequest, template: Template) -> tuple[Preset | None, str]:
    """Return the preset that the form opens with, and a sentence where the one in the address is not found."""
    user = cast(User, request.user)
    presets = selectors.visible_presets(user).filter(template=template).select_related("version")
    presets = presets.defer(None).defer("template__raw", "template__tasks", "template__description")
    wanted = request.GET.get("preset", "")
    if wanted == NO_PRESET or request.GET.get("draft") == "continue":
        return None, ""
    if wanted:
        key = read_uuid(wanted)
        preset = presets.filter(pk=key).first() if key else None
        return preset, "" if preset else _("This preset does not exist, or is not shared with you.")
    if set(request.GET) - {"draft"}:  # a link that fills in the form
        return None, ""
    return selectors.default_preset(user, presets.filter(is_default=True)), ""


def _shown_preset(request: HttpRequest, presets: list[Preset]) -> Preset | None:
    """Return the preset that the form shows, as far as its answers were not changed."""
    if request.method == "POST":
        key = read_uuid(request.POST.get("preset", ""))
    elif wanted := request.GET.get("preset", ""):
        key = read_uuid(wanted)
    elif set(request.GET) - {"draft"} or request.GET.get("draft") == "continue":
        key = None
    else:
        default = selectors.default_preset(cast(User, request.user), presets)
        key = default.pk if default else None
    return next((preset for preset in presets if preset.pk == key), None)


def _recent(request: HttpRequest, user: User, template: Template, kickoff: Kickoff) -> dict[str, str]:
    """Return the recent values below each field, by the name of its control."""
    return {
        control_name(api_name): render_to_string(
            "preparation/_recent.html", {"control": control_name(api_name), "values": values}, request=request
        )
        for api_name, values in recent_values(user, template, kickoff.fields).items()
    }


def _save(request: HttpRequest, submission: Submission) -> HttpResponse:
    name = " ".join(request.POST.get("preset_name", "").replace("\0", "").split())
    visibility = request.POST.get("preset_visibility", "")
    is_shared = visibility == Preset.Visibility.TEAM
    if not name or len(name) > MAX_TITLE_CHARACTERS:
        notice = _("The preset was not saved: give it a name of at most %(max)d characters.") % {
            "max": MAX_TITLE_CHARACTERS
        }
        return _again(request, submission, notice, status=422)
    if is_shared and not submission.signed_in.has_perm(services.SHARE):
        return _again(request, submission, _("You may not share presets with the team."), status=403)
    try:
        preset = services.create_preset(
            submission,
            name=name,
            visibility=Preset.Visibility.TEAM if is_shared else Preset.Visibility.OWNER,
            is_default="preset_default" in request.POST,
        )
    except services.NameTakenError:
        notice = _("You have a preset “%(name)s” of this template already. Choose another name.") % {
            "name": name
        }
        return _again(request, submission, notice, status=409)
    notice = _("Saved as preset “%(name)s”. Files and the due date are not part of it.") % {
        "name": preset.name
    }
    return _again(request, submission, notice, outcome=PresetOutcome(is_saved=True))


def _update(request: HttpRequest, submission: Submission) -> HttpResponse:
    key, revision = (
        read_uuid(request.POST["update_preset"]),
        read_number(request.POST.get("preset_revision", "")),
    )
    preset = selectors.visible_presets(submission.signed_in).filter(pk=key).first() if key else None
    if preset is None or not services.may_change(submission.signed_in, preset):
        return _again(request, submission, _("You may not change this preset."), status=403)
    try:
        services.update_content(preset, submission, revision=min(revision or 0, 2**31 - 1))
    except services.PresetChangedError:
        notice = _(
            "The preset was changed in the meantime and is not updated. Update it again to replace it."
        )
        return _again(request, submission, notice, status=409)
    notice = _("Preset “%(name)s” is updated. Files and the due date are not part of it.") % {
        "name": preset.name
    }
    return _again(request, submission, notice)


def _show_link(request: HttpRequest, submission: Submission) -> HttpResponse:
    address = request.build_absolute_uri(link_to(submission))
    if len(address) > MAX_LINK_CHARACTERS:
        notice = _("These answers are too long for a link.")
        return _again(request, submission, notice, status=422)
    return _again(request, submission, "", outcome=PresetOutcome(link=address))


def _use_recent(request: HttpRequest, submission: Submission) -> HttpResponse:
    control, _separator, number = request.POST["use_recent"].rpartition(":")
    definitions = current_kickoff(submission.template).fields
    offered = recent_values(submission.signed_in, submission.template, definitions)
    values = next((found for name, found in offered.items() if control_name(name) == control), ())
    position = read_number(number)
    controls: MultiValueDict[str, Any] = submission.controls.copy()
    if position is not None and position < len(values):
        controls.setlist(control, list(values[position].controls))
    return _again(request, replace(submission, controls=controls), "")


def _again(
    request: HttpRequest,
    submission: Submission,
    notice: str,
    *,
    status: int = 200,
    outcome: PresetOutcome | None = None,
) -> HttpResponse:
    """Show the same form with a notice. Nothing is launched."""
    if outcome is not None:
        setattr(request, "preset_outcome", outcome)  # noqa: B010 - read by ``parts``; requests have no such attribute
    return show_form(request, kept_page(submission, submission.template, notice=notice), status=status)

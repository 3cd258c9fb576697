"""The endpoint that the form's script saves drafts to, and the list of drafts."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.core.identifiers import MAX_NUMBER, read_number, read_uuid
from apps.core.paging import page
from apps.launches.submission.submission import OWN_CONTROLS, draft_ref
from apps.preparation import selectors
from apps.preparation.content import typed_content
from apps.preparation.drafts import services
from apps.preparation.drafts.form import save_time
from apps.preparation.drafts.services import NotAllowedError, Save, Saved


@login_not_required  # the script needs JSON, not a redirect to the login page
@never_cache
@require_POST
def draft_save(request: HttpRequest, template_id: int) -> JsonResponse:
    """Save what a form contains, as it was typed; respond with a sentence for the page.

    ``sequence`` is that of the draft now: a larger one than was sent is of a later save, which was faster. 409 is for a
    draft that another page has changed, launched or deleted; ``revision`` is the one that a save has to name to replace
    it.
    """
    if not request.user.is_authenticated:
        return _error(
            _("Not saved: your session has ended. Sign in again in another tab, then continue here."),
            status=HTTPStatus.UNAUTHORIZED,
        )
    save = _read(request, template_id)
    if save is None:
        return _error(_("Not saved: reload the page."), status=HTTPStatus.BAD_REQUEST)
    try:
        saved = services.save(save)
    except NotAllowedError:
        return _error(_("Not saved: you may not launch this template."), status=HTTPStatus.FORBIDDEN)
    if saved.state != "saved":
        return JsonResponse(
            {"error": _conflict(saved), "revision": saved.revision or 0, "state": saved.state},
            status=HTTPStatus.CONFLICT,
        )
    return JsonResponse(
        {"sequence": saved.sequence, "saved": _("Saved %(time)s") % {"time": save_time(saved.at)}}
    )


@require_safe
@never_cache
@permission_required("workflow_templates.view_template", raise_exception=True)
def draft_list(request: HttpRequest) -> HttpResponse:
    """Show the drafts of the user."""
    shown = page(selectors.drafts(cast(User, request.user)), request)
    context = {"page": shown, "retention_days": settings.DRAFT_RETENTION_DAYS}
    return render(request, "preparation/draft_list.html", context)


@require_POST
@permission_required("workflow_templates.view_template", raise_exception=True)
def draft_discard(request: HttpRequest, template_id: int) -> HttpResponse:
    """Delete the draft of the user for a template."""
    if services.discard(cast(User, request.user), template_id):
        messages.success(request, _("The draft was deleted."))
    return redirect("draft-list")


def _read(request: HttpRequest, template_id: int) -> Save | None:
    """Return what the script sent; None for what no form of ours sends."""
    post = request.POST
    ref, sequence = draft_ref(post), read_number(post.get("draft_sequence", ""))
    version_id = read_number(post.get("version", ""))
    if ref is None or sequence is None or version_id is None or template_id > MAX_NUMBER:
        return None
    controls = {name: values for name, values in post.lists() if name not in OWN_CONTROLS}
    return Save(
        user=cast(User, request.user),
        template_id=template_id,
        version_id=version_id,
        content=typed_content(MultiValueDict(controls)),
        ref=ref,
        sequence=sequence,
        submission_id=read_uuid(post.get("submission_id", "")),
        copied_from=read_uuid(post.get("previous", "")),
    )


def _conflict(saved: Saved) -> str:
    if saved.state == "launched":
        return _("Not saved: this draft was launched in another tab. Save these answers as a new draft?")
    if saved.state == "gone":
        return _("Not saved: this draft was deleted. Save these answers as a new draft?")
    return _(
        "Not saved: this draft was changed in another tab or browser (%(time)s). Which one do you keep?"
    ) % {"time": save_time(saved.at)}


def _error(sentence: str, *, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)

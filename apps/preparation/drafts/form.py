"""The draft in the launch form: what it opens with, *Save draft*, and what it says about saving."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.datastructures import MultiValueDict

from apps.accounts.models import User
from apps.core.database import clock
from apps.core.identifiers import read_number
from apps.kickoff.transfer import rebase
from apps.launches.dispatch.request import DraftRef
from apps.launches.submission.prefill import Prefill
from apps.launches.submission.submission import MAX_REVISION, Submission, draft_ref, kickoff_of
from apps.launches.views.extensions import FormParts
from apps.launches.views.form_page import kept_page, show_form
from apps.pneumatic.canonical.schemas import Kickoff
from apps.preparation import selectors
from apps.preparation.content import typed_content
from apps.preparation.drafts import services
from apps.preparation.drafts.services import Save
from apps.preparation.models import Draft
from apps.workflow_templates.models import Template

CONTINUE, NEW = "continue", "new"  # values of ``draft`` in the address


@dataclass(frozen=True, slots=True)
class DraftBar:
    """What a form knows of its draft.

    ``revision`` is the one that a save from this page replaces, 0 for none. ``other`` is a draft that the form does not
    show, and that is kept until the user decides.
    """

    editor: uuid.UUID
    revision: int = 0
    saved_at: dt.datetime | None = None
    other: Draft | None = None


class DraftInForm:
    """The addition to the launch form (``launches.views.extensions.FormExtension``)."""

    def prefill(self, request: HttpRequest, template: Template, kickoff: Kickoff, filled: Prefill) -> Prefill:
        """Return the draft that is to be continued, moved to the current form."""
        draft = selectors.active_draft(cast(User, request.user), template.pk)
        if draft is None or not _continues(request, draft):
            return filled
        fields = kickoff_of(draft.version).fields
        controls, lost = rebase(draft.content.controls(fields), fields, kickoff.fields)
        return replace(
            filled,
            initial=dict(controls.lists()),
            previous=selectors.copied_from(draft) or filled.previous,
            urgency=draft.content.urgency,
            left_out=[*draft.left_out, *(one.sentence for one in lost)],
        )

    def pressed(self, request: HttpRequest, submission: Submission) -> HttpResponse | None:
        """Save the draft for a browser without scripts."""
        if "save_draft" not in request.POST or submission.version is None:
            return None
        ref = submission.draft or DraftRef(uuid.uuid4())
        replaced = read_number(request.POST["save_draft"])  # the user has decided to replace this one
        if replaced is not None and replaced <= MAX_REVISION:
            ref = DraftRef(ref.editor, replaced)
        saved = services.save(
            Save(
                user=submission.signed_in,
                template_id=submission.template.pk,
                version_id=submission.version.pk,
                content=typed_content(MultiValueDict(submission.initial)),
                ref=ref,
                sequence=int(clock.now().timestamp() * 1000),
                submission_id=submission.submission_id,
                copied_from=submission.previous.pk if submission.previous else None,
            )
        )
        failed = [sentence for sentences in submission.upload_errors.values() for sentence in sentences]
        if saved.state == "saved" and not failed:
            return redirect(f"{reverse('template-launch', args=[submission.template.pk])}?draft={CONTINUE}")
        page = kept_page(submission, submission.template, lost=failed)
        return show_form(request, page, status=200 if saved.state == "saved" else 409)

    def parts(self, request: HttpRequest, template: Template, kickoff: Kickoff) -> FormParts:
        """Return the offer of a draft, and what is needed to save one."""
        bar = bar_of(request, template)
        query = request.GET.copy()
        query["draft"] = NEW
        context = {
            "bar": bar,
            "template": template,
            "saved": save_time(bar.saved_at),
            "other_saved": save_time(bar.other.updated_at) if bar.other else "",
            "continue_url": f"{reverse('template-launch', args=[template.pk])}?draft={CONTINUE}",
            "new_url": f"{request.path}?{query.urlencode()}",
            "is_prefilled": bool(set(request.GET) - {"draft"}),
            "is_posted": request.method == "POST",
        }
        return FormParts(
            notices=render_to_string("preparation/_draft_offer.html", context, request=request),
            buttons=render_to_string("preparation/_draft_button.html", context, request=request),
            status=render_to_string("preparation/_draft_conflict.html", context, request=request),
        )


def bar_of(request: HttpRequest, template: Template) -> DraftBar:
    """Return what the form of this request knows of its draft."""
    draft = selectors.draft_of(cast(User, request.user), template.pk)
    ref = draft_ref(request.POST) if request.method == "POST" else None
    bar = DraftBar(uuid.uuid4()) if ref is None else DraftBar(ref.editor, ref.revision)
    if draft is None:
        return bar
    if ref is not None and (draft.editor == ref.editor or draft.revision == ref.revision):
        return replace(bar, revision=draft.revision, saved_at=draft.updated_at)
    if not draft.is_active:
        return bar if ref else replace(bar, revision=draft.revision)
    if ref is None and _continues(request, draft):
        return replace(bar, revision=draft.revision, saved_at=draft.updated_at)
    if ref is None and request.GET.get("draft") == NEW:
        return replace(bar, revision=draft.revision)
    return replace(bar, other=draft)


def save_time(at: dt.datetime | None) -> str:
    """Return the time of a save as users read it: "14:02", with the day where that is another one."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return formats.time_format(local, "TIME_FORMAT")
    return formats.date_format(local, "DATETIME_FORMAT")


def _continues(request: HttpRequest, draft: Draft) -> bool:
    """Return whether the address asks for the draft, or for the launch that ended it and started nothing."""
    if request.method == "POST":
        return False
    is_retry = draft.launch_id is not None and request.GET.get("from") == str(draft.launch_id)
    return request.GET.get("draft", CONTINUE if is_retry else "") == CONTINUE

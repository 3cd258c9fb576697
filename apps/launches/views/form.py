"""The launch form: open it, check it, look at what will be sent, launch."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, cast

from django.contrib.auth.decorators import login_not_required, permission_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.kickoff.fields import answers_to_json
from apps.kickoff.forms import KickoffForm
from apps.kickoff.transfer import carry_over, initial_from_query
from apps.launches import permissions, presentation, selectors
from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.launches.submission import submission, tokens, urgency
from apps.launches.submission.submission import Submission
from apps.launches.submission.urgency import UrgencyInput
from apps.launches.views.form_page import FormPage, explain, kept_page, preview_of, show_form, wanted_template
from apps.launches.views.recovery import show_sign_in
from apps.pneumatic.errors import PneumaticError
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from apps.workflow_templates.services import as_it_is_now
from apps.workflow_templates.versions import compare


@login_not_required  # a session that ended while the form was open must not cost the answers
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def template_launch(request: HttpRequest, template_id: int) -> HttpResponse:
    """Show the launch form of a template, or take it in."""
    if not request.user.is_authenticated:
        if request.method == "POST":
            return show_sign_in(request, wanted_template(template_id))
        return redirect_to_login(request.get_full_path())
    return _launch_form(request, template_id)


@permission_required("workflow_templates.view_template", raise_exception=True)
def _launch_form(request: HttpRequest, template_id: int) -> HttpResponse:
    template = wanted_template(template_id)
    if request.method == "POST":
        return _take_in(request, template)
    return _open(request, template)


def _open(request: HttpRequest, template: Template) -> HttpResponse:
    """Show the form, filled from an earlier launch (``?from=``) and from control names in the address."""
    user = cast(User, request.user)
    kickoff = submission.kickoff_of(template.current_version)
    initial: dict[str, Any] = {"name": [submission.suggested_name(template)]}
    lost: list[str] = []
    urgent = UrgencyInput()
    previous = submission.previous_launch(template, request.GET.get("from", ""))
    if previous is not None and user.has_perm("launches.view_launch"):
        old = version_kickoff(previous.version)
        carried, lost = carry_over(previous.answers, old.fields, kickoff.fields)
        initial |= {"name": [previous.name], **carried}
        urgent, passed = urgency.of_launch(previous)
        lost += passed
    filled, notes = initial_from_query(kickoff.fields, request.GET)
    urgent = urgency.read(urgent.controls | dict(request.GET.lists()))
    is_offered = urgency.is_offered()
    page = FormPage(
        template=template,
        form=submission.open_form(template, initial | filled, user=user),
        submission_id=tokens.unspent_id(
            request.session, template_id=template.pk, query=request.GET.urlencode()
        ),
        previous=previous,
        refusal=permissions.refusal(user, template),
        lost=[*lost, *notes, *([] if is_offered else urgent.left_out)],
        urgent=urgency.checked(urgent) if is_offered else None,
    )
    return show_form(request, page)


def _take_in(request: HttpRequest, template: Template) -> HttpResponse:
    user = cast(User, request.user)
    entry = submission.read_entry(request, template)
    refusal = permissions.refusal(user, template)
    if refusal is not None:
        return show_form(request, kept_page(entry, template, user=user, refusal=refusal))
    if "restore" in request.POST:
        notice = _("Your answers are back. Nothing has been launched yet.")
        return show_form(request, kept_page(entry, template, user=user, notice=notice))
    entry = submission.with_uploads(entry, request, user=user)
    form = submission.bound_form(entry, template, user=user)
    is_launch = not entry.find and "preview" not in request.POST
    if is_launch and (launched := _launched_already(entry, form, user)):
        return redirect("launch-detail", launch_id=launched.pk)
    if entry.version != template.current_version:
        return _ask_about_changes(request, template, entry)
    if entry.find:
        return show_form(request, _page(entry, template, form))
    if not urgency.is_offered() and entry.urgent.left_out:
        notice = _("Nothing has been launched yet: not all of it can be sent. Please launch again.")
        page = _page(entry, template, form, notice=notice, lost=entry.urgent.left_out)
        return show_form(request, page, status=422)
    entry = replace(entry, urgent=urgency.checked(entry.urgent))
    if not form.is_valid() or entry.upload_errors or entry.urgent.error:
        return show_form(request, _page(entry, template, form), status=422)
    try:
        if not is_launch:
            preview = preview_of(template, entry, form)
            return show_form(request, _page(entry, template, form, preview=preview))
        return _ask_pneumatic_and_launch(request, template, entry, form)
    except PneumaticError as error:
        # The request could not even be built; what happens to one that is sent, its launch tells.
        status = explain(entry, form, error)
        return show_form(request, _page(entry, template, form), status=status)


def _ask_pneumatic_and_launch(
    request: HttpRequest, template: Template, entry: Submission, form: KickoffForm
) -> HttpResponse:
    """Launch, unless the template has changed since the last sync: a stale form could lose answers on the way.

    Raise PneumaticError when nothing can be sent.
    """
    user = cast(User, request.user)
    template = as_it_is_now(template)
    refusal = permissions.refusal(user, template)
    if refusal is not None:
        return show_form(request, kept_page(entry, template, user=user, refusal=refusal))
    if entry.version != template.current_version:
        return _ask_about_changes(request, template, entry)
    return _launch(request, template, entry, form)


def _launched_already(entry: Submission, form: KickoffForm, user: User) -> Launch | None:
    """Return the launch that this very form led to before: double click, reload, back button, second tab."""
    spent = selectors.by_submission(entry.submission_id) if entry.submission_id else None
    if spent is None or entry.upload_errors or not entry.urgent.is_moment or not form.is_valid():
        return None
    return spent if _is_of(spent, entry, form, user) else None


def _is_of(launch: Launch, entry: Submission, form: KickoffForm, user: User) -> bool:
    """Say whether ``launch`` is what ``user`` asks for with this form."""
    same_form = entry.version is not None and launch.version_id == entry.version.pk
    if not same_form or launch.launched_by_id != user.pk:
        return False
    return launch.answers_digest == _digest(entry, form, user)


def _digest(entry: Submission, form: KickoffForm, user: User) -> str:
    answers = form.answers()
    return tokens.digest(
        user=user,
        name=form.workflow_name,
        answers=answers,
        as_json=answers_to_json(answers),
        urgency=entry.urgent.value,
    )


def _launch(request: HttpRequest, template: Template, entry: Submission, form: KickoffForm) -> HttpResponse:
    """Start the workflow, unless these answers need a question first."""
    user = cast(User, request.user)
    version = template.current_version
    assert version is not None  # noqa: S101  (permissions.refusal has seen to it)
    submission_id = entry.submission_id or uuid.uuid4()
    repeat = selectors.repeat_of(
        user=user,
        template=template,
        answers_digest=_digest(entry, form, user),
        submission_id=submission_id,
        besides=entry.previous,
    )
    if repeat is not None and repeat.pk != entry.repeat:
        return show_form(request, _page(entry, template, form, same_as=repeat), status=409)
    try:
        launch = services.start(
            user=user,
            template=template,
            version=version,
            submission_id=submission_id,
            name=form.workflow_name,
            answers=form.answers(),
            urgency=entry.urgent.value,
            previous=entry.previous,
        )
    except services.SpentSubmissionError as error:
        # Perhaps just now, by another worker: the other click.
        if _is_of(error.launch, entry, form, user):
            return redirect("launch-detail", launch_id=error.launch.pk)
        return _ask_about_spent(request, template, entry, form, error.launch)
    launch = services.send(launch)
    if launch.state == Launch.State.REJECTED:
        return _show_rejected(request, template, entry, form, launch)
    return redirect("launch-detail", launch_id=launch.pk)


def _ask_about_spent(
    request: HttpRequest, template: Template, entry: Submission, form: KickoffForm, spent: Launch
) -> HttpResponse:
    """Ask whether another workflow is wanted: the form's submission id belongs to a launch with other answers.

    Of somebody else's launch the page tells nothing.
    """
    own = spent if spent.launched_by_id == request.user.pk else None
    page = _page(entry, template, form, is_new_wish=True, spent=own is None, differs_from=own)
    return show_form(request, page, status=409)


def _show_rejected(
    request: HttpRequest, template: Template, entry: Submission, form: KickoffForm, launch: Launch
) -> HttpResponse:
    """Show the form again with the server's reasons; the next attempt is a launch of its own."""
    form.add_server_errors(presentation.errors_for_form(entry.definitions, launch.field_errors))
    form.add_server_errors({"": [launch.reason]})
    page = _page(entry, template, form, is_new_wish=True, rejected=launch)
    return show_form(request, page, status=422)


def _ask_about_changes(request: HttpRequest, template: Template, entry: Submission) -> HttpResponse:
    """Show the template's new form with every answer that still fits, and ask again."""
    user = cast(User, request.user)
    changes = compare(submission.kickoff_of(entry.version), submission.kickoff_of(template.current_version))
    failed_uploads = [reason for reasons in entry.upload_errors.values() for reason in reasons]
    page = kept_page(entry, template, user=user, changes=changes, lost=failed_uploads)
    return show_form(request, page, status=409)


def _page(
    entry: Submission, template: Template, form: KickoffForm, *, is_new_wish: bool = False, **shown: Any
) -> FormPage:
    """Return the page of a form that was checked."""
    rejected: Launch | None = shown.get("rejected")
    return FormPage(
        template=template,
        form=form,
        submission_id=uuid.uuid4() if is_new_wish else entry.submission_id or uuid.uuid4(),
        previous=rejected or entry.previous,
        urgent=entry.urgent if urgency.is_offered() else None,
        **shown,
    )

"""The launch form: open it, check it, preview the request, launch."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_not_required, permission_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.launches import permissions, presentation
from apps.launches.dispatch import services as dispatch
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.models import Launch
from apps.launches.submission import tokens, urgency
from apps.launches.submission.prefill import prefill
from apps.launches.submission.submission import Submission, kickoff_of, open_form, parse
from apps.launches.views.extensions import extensions
from apps.launches.views.form_page import (
    FormPage,
    checked_page,
    explain,
    kept_page,
    preview_of,
    show_form,
    template_or_404,
)
from apps.launches.views.recovery import show_sign_in
from apps.pneumatic.client import Client, OpenClient, client_on_demand
from apps.pneumatic.errors import PneumaticError
from apps.workflow_templates.models import Template
from apps.workflow_templates.services import refresh_if_reachable
from apps.workflow_templates.versions import ask_for_the_same, compare


@login_not_required  # answers must survive a session that ended while the form was open
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def template_launch(request: HttpRequest, template_id: int) -> HttpResponse:
    """Show the launch form of a template, or check what was posted and launch."""
    if not request.user.is_authenticated:
        if request.method == "POST":
            return show_sign_in(request, template_id)
        return redirect_to_login(request.get_full_path())
    return _launch_form(request, template_id)


@permission_required("workflow_templates.view_template", raise_exception=True)
def _launch_form(request: HttpRequest, template_id: int) -> HttpResponse:
    template = template_or_404(template_id)
    if request.method == "POST":
        return _submit(request, template)
    return _open(request, template)


def _open(request: HttpRequest, template: Template) -> HttpResponse:
    """Show the form, filled from an earlier launch (``?from=``) and from control names in the address."""
    user = cast(User, request.user)
    kickoff = kickoff_of(template.current_version)
    filled = prefill(template, kickoff, request.GET, user=user)
    for extension in extensions():
        filled = extension.prefill(request, template, kickoff, filled)
    is_offered = urgency.is_offered()
    page = FormPage(
        template=template,
        kickoff=kickoff,
        form=open_form(template, kickoff, filled.initial, user=user),
        submission_id=tokens.unused_submission_id(
            request.session, template_id=template.pk, query=request.GET.urlencode()
        ),
        previous=filled.previous,
        changes_since=filled.changes,
        refusal=permissions.launch_denied_reason(user, template),
        lost=[*filled.left_out, *([] if is_offered else filled.urgency.left_out)],
        urgency=urgency.checked(filled.urgency) if is_offered else None,
    )
    return show_form(request, page)


def _submit(request: HttpRequest, template: Template) -> HttpResponse:
    """Check a posted form, then search, preview or launch, depending on the button that was pressed.

    A script sends the form to be checked alone: it clears the errors that were corrected.
    """
    submission = parse(request, template)
    refusal = permissions.launch_denied_reason(submission.signed_in, template)
    if refusal is not None:
        return show_form(request, kept_page(submission, template, refusal=refusal))
    with client_on_demand() as open_client:
        submission = submission.with_uploads(request, open_client)
        for extension in extensions():
            if response := extension.pressed(request, submission):
                return response
        return _check(request, submission, open_client)


def _check(request: HttpRequest, submission: Submission, open_client: OpenClient) -> HttpResponse:
    template = submission.template
    is_check = "check" in request.POST
    is_launch = not submission.find and not is_check and "preview" not in request.POST
    if is_launch and (launched := submission.launched_already()):
        return redirect("launch-detail", launch_id=launched.pk)
    if (carried := _in_current_form(submission, template)) is None:
        return _ask_about_changes(request, submission, template)
    submission = carried
    if submission.find or is_check:
        return show_form(request, checked_page(submission))
    if not urgency.is_offered() and submission.urgency.left_out:
        notice = _(
            "Nothing has been launched yet: some values cannot be sent. Check the form and launch again."
        )
        page = checked_page(submission, notice=notice, lost=submission.urgency.left_out)
        return show_form(request, page, status=422)
    launch_request = submission.request()
    if launch_request is None or submission.checked_urgency.error:
        return show_form(request, checked_page(submission), status=422)
    try:
        client = open_client()
        if not is_launch:
            preview = preview_of(launch_request, client)
            return show_form(request, checked_page(submission, preview=preview))
        return _launch_if_current(request, submission, client)
    except PneumaticError as error:
        # The request could not be built. What happens to one that is sent is written to its launch.
        status = explain(submission, error)
        return show_form(request, checked_page(submission), status=status)


def _launch_if_current(request: HttpRequest, submission: Submission, client: Client) -> HttpResponse:
    """Launch, unless the template has changed since the last sync: its new form may ask for other answers.

    Raise PneumaticError when nothing can be sent.
    """
    template = refresh_if_reachable(submission.template, client)
    refusal = permissions.launch_denied_reason(submission.signed_in, template)
    if refusal is not None:
        return show_form(request, kept_page(submission, template, refusal=refusal))
    carried = _in_current_form(submission, template)
    carried_request = carried.request() if carried is not None else None
    if carried is None or carried_request is None:
        return _ask_about_changes(request, submission, template)
    return _launch(request, carried, carried_request, client, template)


def _launch(
    request: HttpRequest,
    submission: Submission,
    launch_request: LaunchRequest,
    client: Client,
    template: Template,
) -> HttpResponse:
    try:
        launch = dispatch.start(launch_request, client, confirmed=submission.repeat)
    except dispatch.IdenticalLaunchError as error:
        page = checked_page(submission, template=template, same_as=error.launch)
        return show_form(request, page, status=409)
    except dispatch.SubmissionUsedError as error:
        # Another request may have been faster: the other click.
        if not launch_request.is_repeat_of(error.launch):
            return _ask_about_used(request, submission, template, error.launch)
        return redirect("launch-detail", launch_id=error.launch.pk)
    launch = dispatch.send(launch, client)
    if launch.state == Launch.State.REJECTED:
        return _show_rejected(request, submission, template, launch)
    return redirect("launch-detail", launch_id=launch.pk)


def _ask_about_used(
    request: HttpRequest, submission: Submission, template: Template, used_by: Launch
) -> HttpResponse:
    """Ask whether another workflow is wanted: the form's submission id belongs to a launch with other answers.

    The page shows nothing of another user's launch.
    """
    own = used_by if used_by.launched_by_id == submission.signed_in.pk else None
    page = checked_page(
        submission, template=template, is_new_request=True, is_used=own is None, differs_from=own
    )
    return show_form(request, page, status=409)


def _show_rejected(
    request: HttpRequest, submission: Submission, template: Template, launch: Launch
) -> HttpResponse:
    """Show the form again with the server's reasons; the next attempt is a separate launch."""
    form = submission.form
    form.add_server_errors(presentation.errors_for_form(submission.definitions, launch.field_errors))
    form.add_server_errors({"": [launch.reason]})
    page = checked_page(submission, template=template, is_new_request=True, rejected=launch)
    return show_form(request, page, status=422)


def _in_current_form(submission: Submission, template: Template) -> Submission | None:
    """Return the submission for the template's current form; None where that asks for anything else.

    An upgrade of Pneumatic may change what a launch sends for an option, and nothing that a user sees.
    """
    if submission.version == template.current_version:
        return submission
    if not ask_for_the_same(submission.kickoff, kickoff_of(template.current_version)):
        return None
    current, dropped = submission.for_current_version(template)
    return None if dropped else current


def _ask_about_changes(request: HttpRequest, submission: Submission, template: Template) -> HttpResponse:
    """Show the template's new form with every answer that is still valid, and ask again."""
    changes = compare(submission.kickoff, kickoff_of(template.current_version))
    failed_uploads = [reason for reasons in submission.upload_errors.values() for reason in reasons]
    page = kept_page(submission, template, changes=changes, lost=failed_uploads)
    return show_form(request, page, status=409)

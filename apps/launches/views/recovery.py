"""A form that is sent after its session ended, with a stale CSRF token, or too large. Every answer is kept.

Nothing is launched or uploaded here: the user sees the form again and decides.
"""

from __future__ import annotations

from contextlib import suppress
from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import csrf
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.accounts.second_factors import pending, services
from apps.accounts.second_factors.forms import CodeForm
from apps.accounts.second_factors.views import complete
from apps.accounts.sign_in.forms import SignInForm
from apps.core.database import unavailable
from apps.launches import permissions
from apps.launches.submission import submission
from apps.launches.uploads import handler
from apps.launches.views.form_page import kept_page, show_form, template_or_404

_CHUNK_BYTES = 64 * 1024
_SIGNED_IN = gettext_lazy("You are signed in. Nothing was launched yet. Check the form and launch again.")
FORM, SIGN_IN, UPLOAD = "template-launch", "launch-sign-in", "file-upload"


def show_sign_in(
    request: HttpRequest, template_id: int, *, form: SignInForm | CodeForm | None = None
) -> HttpResponse:
    """Show a sign-in form that keeps every answer in the page (status 401), whether or not the template exists.

    After the password, it asks for a code, or refers to the page on which a second factor is set up.
    """
    user = None if form else pending.user_of(request)
    has_factor = user is not None and services.factor_of(user) is not None
    if user is None:
        form = form or SignInForm(request)
    elif has_factor:
        form = CodeForm(request=request, user=user)
    context = {
        "template_id": template_id,
        "form": form,
        "asks_for_code": isinstance(form, CodeForm),
        "kept": submission.posted_fields(request),
        "had_files": handler.had_files(request),
    }
    return render(request, "launches/sign_in.html", context, status=401)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def launch_sign_in(request: HttpRequest, template_id: int) -> HttpResponse:
    """Sign in from a form whose session had ended, and show the form as it was."""
    if request.method != "POST":
        return redirect("template-launch", template_id=template_id)
    if request.user.is_authenticated and {"signed-in", "code"} & set(request.POST):  # in another tab
        return _show_kept(request, template_id, notice=_SIGNED_IN)
    if request.user.is_authenticated and "username" not in request.POST:
        # The form that this page has just shown, sent to this address by its Find button.
        return redirect("template-launch", template_id=template_id, preserve_request=True)
    if "restart" in request.POST:  # with another account than the one whose code is required
        pending.forget(request)
        return show_sign_in(request, template_id)
    if "username" not in request.POST:
        return _enter_code(request, template_id)
    form = SignInForm(request, data=request.POST)
    if not form.is_valid():
        return show_sign_in(request, template_id, form=form)
    if not pending.begin(request, form.get_user()):
        return show_sign_in(request, template_id)
    return _show_kept(request, template_id, notice=_SIGNED_IN)


def _enter_code(request: HttpRequest, template_id: int) -> HttpResponse:
    """Complete a sign-in with a code; ask again for what is missing, where it was too long ago for example."""
    user = pending.user_of(request)
    factor = services.factor_of(user) if user is not None else None
    if user is None or factor is None or "code" not in request.POST:
        return show_sign_in(request, template_id)
    form = CodeForm(request.POST, request=request, user=user)
    if not form.is_valid():
        return show_sign_in(request, template_id, form=form)
    complete(request, factor, form)
    return _show_kept(request, template_id, notice=_SIGNED_IN)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Respond to a failed CSRF check; for the launch form with the form itself and every answer.

    The usual cause is a sign-in in another tab, which replaces the token. A forged request gets no more than a link
    with answers does: a filled form that the user has to read and send.
    """
    match = request.resolver_match
    url_name = match.url_name if match else None
    if url_name == UPLOAD:
        return JsonResponse(
            {
                "error": _(
                    "This page is too old to upload files. Launch or reload, then choose the file again."
                )
            },
            status=403,
        )
    if not request.accepts("text/html"):
        return JsonResponse({"error": _("This page is too old: reload it, then try again.")}, status=403)
    if match is None or url_name not in {FORM, SIGN_IN} or request.method != "POST":
        return csrf.csrf_failure(request, reason)
    template_id = match.kwargs["template_id"]
    if not request.user.is_authenticated:
        return show_sign_in(request, template_id)
    notice = _(
        "You signed in again after this page was opened. Nothing was launched yet. Check the form and launch again."
    )
    if handler.had_files(request):
        notice = f"{notice} {_('Choose files again that were not uploaded yet.')}"
    return _show_kept(request, template_id, notice=notice, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a form with more text or values than are read: what was typed is still in the browser's form."""
    if not isinstance(exception, (RequestDataTooBig, TooManyFieldsSent)):
        return unavailable.bad_request(request, exception)
    _read_to_the_end(request)
    sizes = {
        "megabytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2,
        "values": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
    }
    sentence = (
        _("The form has too much text: at most %(megabytes)d MB can be sent.")
        if isinstance(exception, RequestDataTooBig)
        else _("The form has too many values: at most %(values)d can be sent.")
    ) % sizes
    if not request.accepts("text/html"):
        return JsonResponse({"error": sentence}, status=413)
    return HttpResponse(render_to_string("413.html", {"sentence": sentence}), status=413)


def _read_to_the_end(request: HttpRequest) -> None:
    """Read what is left of the body: a browser shows no response to a form that it could not send to its end."""
    with suppress(OSError):
        while request.read(_CHUNK_BYTES):
            pass


def _show_kept(
    request: HttpRequest, template_id: int, *, notice: str | Promise, status: int = 200
) -> HttpResponse:
    user = cast(User, request.user)
    if not user.has_perm("workflow_templates.view_template"):
        return redirect(settings.LOGIN_REDIRECT_URL)
    template = template_or_404(template_id)
    page = kept_page(
        submission.parse(request, template),
        template,
        refusal=permissions.launch_denied_reason(user, template),
        notice=str(notice),
    )
    return show_form(request, page, status=status)

"""The second step of a sign-in, and the page on which users set up their second factor and manage it."""

from __future__ import annotations

import logging
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods
from django.views.generic import FormView

from apps.accounts.models import SecondFactor, User
from apps.accounts.second_factors import codes, pending, services
from apps.accounts.second_factors.forms import CodeForm, ConfirmedForm, SetUpForm
from apps.core.identifiers import client_address

logger = logging.getLogger(__name__)

# So many may be the user's own mistakes.
MIN_WRONG_CODES_REPORTED = 3
_NONCE = "second_factor_to_set_up"
_METHODS = ["GET", "HEAD", "POST"]


@method_decorator(
    [login_not_required, never_cache, sensitive_post_parameters("code"), require_http_methods(_METHODS)],
    name="dispatch",
)
class SignInCodeView(FormView[CodeForm]):
    """The page that asks for a code after the right password."""

    form_class = CodeForm
    template_name = "registration/code.html"
    user: User
    factor: SecondFactor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = pending.user_of(request)
        if user is None:
            return redirect(settings.LOGIN_URL)
        factor = services.factor_of(user)
        if factor is None:
            return redirect("second-factor")
        self.user, self.factor = user, factor
        return cast(HttpResponse, super().dispatch(request, *args, **kwargs))

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request, "user": self.user}

    def form_valid(self, form: CodeForm) -> HttpResponse:
        return redirect(complete(self.request, self.factor, form) or settings.LOGIN_REDIRECT_URL)


def complete(request: HttpRequest, factor: SecondFactor, form: CodeForm) -> str:
    """Sign in the user of a valid form, and report what the user should know; ``factor`` was read before it.

    Return where to go then, '' for no certain page.
    """
    next_url = pending.complete(request, form.user, proof=pending.CODE)
    if factor.wrong_codes >= MIN_WRONG_CODES_REPORTED:
        sentence = _(
            "%(count)d wrong codes were entered before this one, after your password. If that was not you, "
            "change your password."
        )
        messages.warning(request, sentence % {"count": factor.wrong_codes})
    if len(codes.plain(form.cleaned_data["code"])) != codes.DIGITS:
        left = factor.recovery_codes.count()
        sentence = ngettext("One recovery code is left.", "%(count)d recovery codes are left.", left)
        messages.warning(request, sentence % {"count": left})
    return next_url


@login_not_required  # who must set up a factor is not signed in yet
@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(_METHODS)
def second_factor(request: HttpRequest) -> HttpResponse:
    """Show the user's factor, or how to set one up."""
    if not services.is_on():
        raise Http404
    user = _user_of(request)
    if user is None:
        return redirect_to_login(request.get_full_path())
    if not user.has_usable_password():
        raise PermissionDenied
    factor = services.factor_of(user)
    if factor is None:
        return _set_up(request, user)
    if not request.user.is_authenticated:
        return redirect("sign-in-code")
    return _manage(request, user, factor)


@login_not_required
@never_cache
@require_GET
def qr_code(request: HttpRequest) -> HttpResponse:
    """Return the QR code of the factor that is being set up in this browser, as an image."""
    user, nonce = _user_of(request), request.session.get(_NONCE)
    if user is None or nonce is None or not services.is_on():
        raise Http404
    address = codes.address(codes.secret_of(nonce), account=user.get_username(), issuer=_issuer(request))
    return HttpResponse(codes.qr_code(address), content_type="image/svg+xml")


def _user_of(request: HttpRequest) -> User | None:
    """Return who is signed in, or about to."""
    return request.user if request.user.is_authenticated else pending.user_of(request)


def _set_up(request: HttpRequest, user: User) -> HttpResponse:
    is_pending = not request.user.is_authenticated
    nonce = request.session.setdefault(_NONCE, codes.new_nonce())
    form = SetUpForm(
        request.POST if request.method == "POST" else None,
        request=request,
        user=user,
        nonce=nonce,
        has_password=is_pending,
    )
    if not form.is_valid():
        context = {"form": form, "secret": codes.shown(codes.secret_of(nonce)), "is_pending": is_pending}
        return render(request, "accounts/second_factor_set_up.html", context)
    try:
        recovery_codes = services.set_up(request, user, nonce=nonce, step=form.cleaned_data["code"])
    except IntegrityError:  # the other click
        return redirect("second-factor")
    del request.session[_NONCE]
    next_url = ""
    if is_pending:
        next_url = pending.complete(request, user, proof=pending.CODE)
    else:
        _keep_session(request, user, proof=pending.CODE)
    return _show_recovery_codes(request, recovery_codes, next_url=next_url)


def _manage(request: HttpRequest, user: User, factor: SecondFactor) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = ConfirmedForm(data, request=request, user=user)
    if not form.is_valid():
        context = {"form": form, "factor": factor, "left": factor.recovery_codes.count()}
        return render(request, "accounts/second_factor.html", context)
    if "remove" in request.POST:
        return _remove(request, user)
    logger.info("Recovery codes replaced: account %s.", user.get_username())
    return _show_recovery_codes(request, services.replace_recovery_codes(factor), next_url="")


def _remove(request: HttpRequest, user: User) -> HttpResponse:
    services.remove(user)
    logger.info(
        "Second factor removed: account %s, address %s.", user.get_username(), client_address(request)
    )
    if services.is_required():  # the next one is set up at once
        pending.begin(request, user)
    else:
        _keep_session(request, user, proof="")
        messages.success(request, _("Your second factor was removed. Other sessions were signed out."))
    return redirect("second-factor")


def _keep_session(request: HttpRequest, user: User, *, proof: str) -> None:
    """Let this session continue, unlike others, after a change of the factor."""
    update_session_auth_hash(request, user)
    pending.prove(request, proof)


def _show_recovery_codes(request: HttpRequest, recovery_codes: list[str], *, next_url: str) -> HttpResponse:
    """Show codes that no page shows again."""
    context = {"recovery_codes": recovery_codes, "next": next_url or resolve_url("second-factor")}
    return render(request, "accounts/recovery_codes.html", context)


def _issuer(request: HttpRequest) -> str:
    """Return under which name an app lists the account: people may have accounts of several dashboards."""
    host = urlsplit(settings.PUBLIC_URL).netloc or request.get_host()
    return f"Pneumatic Dash ({host})"

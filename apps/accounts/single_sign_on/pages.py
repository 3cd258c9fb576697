"""The page of a sign-in with the provider that did not succeed. Sign-in with a password is one link away."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _


def refused(request: HttpRequest, sentence: str | Promise) -> HttpResponse:
    """Say why the person may not sign in; an administrator can change that."""
    return _page(
        request, _("You cannot sign in"), sentence, _("Contact an administrator of this dashboard."), 403
    )


def cancelled(request: HttpRequest) -> HttpResponse:
    return _page(request, _("Sign-in cancelled"), _("You are not signed in."), "", 403)


def interrupted(request: HttpRequest) -> HttpResponse:
    """Say that the browser came back with a sign-in that was not started here, or too long ago."""
    return _page(
        request, _("Sign-in failed"), _("The sign-in took too long, or started in another browser."), "", 400
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    sentence = _("%(provider)s does not respond as it should.") % {"provider": settings.OIDC_NAME}
    return _page(
        request,
        _("Sign-in failed"),
        sentence,
        _("Try again in a minute, or sign in with your password here."),
        503,
    )


def busy(request: HttpRequest) -> HttpResponse:
    """Say that too many sign-ins wait for the provider; ``SignInMiddleware`` sets status and header."""
    request.sign_in_busy = True  # type: ignore[attr-defined] # read by the middleware
    return _page(
        request, _("Sign-in failed"), _("Many users are signing in. Try again in a few seconds."), "", 429
    )


def _page(
    request: HttpRequest, heading: str, sentence: str | Promise, advice: str, status: int
) -> HttpResponse:
    context = {"heading": heading, "sentence": sentence, "advice": advice, "provider": settings.OIDC_NAME}
    return render(request, "accounts/single_sign_on.html", context, status=status)

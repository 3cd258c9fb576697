"""Sign-in to Django admin, the page for missing permissions, and the change of a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView, redirect_to_login
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

from apps.accounts import selectors
from apps.accounts.second_factors import pending
from apps.accounts.second_factors.forms import CheckedPasswordChangeForm
from apps.accounts.sign_in.forms import SignInForm
from apps.accounts.sign_in.redirects import LongRedirectMixin

ADMINISTRATORS_SHOWN = 3


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """Redirect to the dashboard's sign-in page; raise PermissionDenied for a user who is signed in."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))


class SignInView(LongRedirectMixin, LoginView):
    """The page on which users sign in."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, or go on to the page with the second step."""
        next_url = self.get_success_url()
        is_done = pending.begin(self.request, form.get_user(), next_url=next_url)
        return redirect(next_url if is_done else "sign-in-code")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show the 403 page, to users who are signed in with administrators to contact."""
    administrators = (
        selectors.administrators(limit=ADMINISTRATORS_SHOWN) if request.user.is_authenticated else []
    )
    return render(request, "403.html", {"administrators": administrators}, status=403)


class ChangePassword(SuccessMessageMixin[CheckedPasswordChangeForm], PasswordChangeView):
    """The page on which users change their password; their other sessions end.

    It redirects to itself, because a user without a role can see no other page.
    """

    form_class = CheckedPasswordChangeForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("password-change")
    success_message = _("Your password was changed. Other sessions were signed out.")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

"""Those who may not see a page: where they sign in, and whom they ask for a role; and the change of a password."""

from __future__ import annotations

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.contrib.messages.views import SuccessMessageMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

from apps.accounts import selectors

ADMINISTRATORS_SHOWN = 3


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """Lead to the dashboard's own sign-in page; people who are signed in lack the right instead."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Explain what is missing, and to people who are signed in, who can give it."""
    administrators = (
        selectors.administrators(limit=ADMINISTRATORS_SHOWN) if request.user.is_authenticated else []
    )
    return render(request, "403.html", {"administrators": administrators}, status=403)


class ChangePassword(SuccessMessageMixin[PasswordChangeForm], PasswordChangeView):
    """Everybody's way to a password of their own choosing; the other sessions of the same person end.

    It comes back to itself: whoever has no role yet may see no other page.
    """

    template_name = "accounts/password.html"
    success_url = reverse_lazy("password-change")
    success_message = _("Your password is changed. Elsewhere you are signed out.")

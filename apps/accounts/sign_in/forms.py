"""The two forms that need a password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.sign_in.sessions import limits_sentence


def refusal(request: HttpRequest | None) -> ValidationError | None:
    """Return why the request's password was not checked; None where it was. It is the same for every account."""
    if getattr(request, "sign_in_busy", False):
        return ValidationError(_("Many users are signing in. Try again in a few seconds."), code="busy")
    if not getattr(request, "axes_locked_out", False):
        return None
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    return ValidationError(
        ngettext(
            "Too many wrong passwords. Wait %(minutes)d minute, or use a device on which you signed in before.",
            "Too many wrong passwords. Wait %(minutes)d minutes, or use a device on which you signed in before.",
            minutes,
        ),
        code="throttled",
        params={"minutes": minutes},
    )


class SignInForm(AuthenticationForm):
    """Name and password. Its error reports when the password was not checked."""

    @property
    def provider(self) -> str:
        """The name of the provider with which users can sign in instead; '' without single sign-on."""
        return settings.OIDC_NAME if settings.OIDC_ISSUER else ""

    @property
    def limits(self) -> str:
        """How long a session lasts, as a sentence."""
        return limits_sentence()

    def get_invalid_login_error(self) -> ValidationError:
        return refusal(self.request) or super().get_invalid_login_error()


class CheckedPasswordChangeForm(PasswordChangeForm):
    """A new password, after the old one, which is checked and counted like that of a sign-in."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        user = authenticate(self.request, username=self.user.get_username(), password=password)
        if user is None or user.pk != self.user.pk:
            raise refusal(self.request) or ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return password

"""The form of a sign-in, and what every form says of a password that was not checked."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.accounts.sign_in.sessions import limits_sentence


def refusal(request: HttpRequest | None) -> ValidationError | None:
    """Return why a request's password or code was not checked; None where it was. It is the same for every account."""
    if getattr(request, "sign_in_busy", False):
        return ValidationError(_("Many users are signing in. Try again in a few seconds."), code="busy")
    if not getattr(request, "axes_locked_out", False):
        return None
    if getattr(request, "codes_used_up", False):
        return ValidationError(
            _("Too many wrong codes. Use a recovery code, or a device on which you signed in before."),
            code="used_up",
        )
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    what = _("codes") if getattr(request, "code_refused", False) else _("passwords")
    return ValidationError(
        ngettext(
            "Too many wrong %(what)s. Wait %(minutes)d minute, or use a device on which you signed in before.",
            "Too many wrong %(what)s. Wait %(minutes)d minutes, or use a device on which you signed in before.",
            minutes,
        ),
        code="throttled",
        params={"minutes": minutes, "what": what},
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


def check_own_password(request: HttpRequest, user: User, password: str, *, wrong: str) -> None:
    """Check and count a password like that of a sign-in; raise ValidationError, with ``wrong`` for a wrong one."""
    found = authenticate(request, username=user.get_username(), password=password)
    if found is None or found.pk != user.pk:
        raise refusal(request) or ValidationError(wrong, code="password_incorrect")

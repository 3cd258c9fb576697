"""The forms that ask for a code, alone or after a password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import SecondFactor, User
from apps.accounts.second_factors import codes, services
from apps.accounts.sign_in.forms import check_own_password, refusal
from apps.core.database import clock

MAX_CHARACTERS = 64  # a recovery code has 27 with its hyphens


class CodeField(forms.CharField):
    """A code of the app, or one for recovery."""

    def __init__(self, **options: Any) -> None:
        attributes = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(
            **{
                "label": gettext_lazy("Code"),
                "help_text": gettext_lazy("From your authenticator app, or a recovery code."),
                "max_length": MAX_CHARACTERS,
                "widget": forms.TextInput(attributes),
                **options,
            }
        )


class OwnPasswordField(forms.CharField):
    """The password of the user who is signed in."""

    def __init__(self) -> None:
        widget = forms.PasswordInput({"autocomplete": "current-password"})
        super().__init__(label=gettext_lazy("Your password"), strip=False, widget=widget)


class CodeForm(forms.Form):
    """The second step of a sign-in."""

    code = CodeField()

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user
        self.fields["code"].widget.attrs["autofocus"] = True

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        check_code(self.request, self.user, code)
        return code


class ConfirmedForm(forms.Form):
    """Password and code of the user who is signed in, for what a stolen session must not do."""

    password = OwnPasswordField()

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user
        if services.factor_of(user) is not None:
            self.fields["code"] = CodeField()

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        check_own_password(self.request, self.user, password, wrong=_("This is not your password."))
        return password

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        check_code_last(self)
        return cleaned


class CheckedPasswordChangeForm(PasswordChangeForm):
    """A new password, after the old one, which is checked and counted like that of a sign-in, and a code."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        if services.factor_of(self.user) is not None:
            self.fields["code"] = CodeField()

    def clean_old_password(self) -> str:
        password: str = self.cleaned_data["old_password"]
        check_own_password(
            self.request, self.user, password, wrong=str(self.error_messages["password_incorrect"])
        )
        return password

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        check_code_last(self)
        return cleaned


class SetUpForm(forms.Form):
    """The first code of a new app; with the password, unless the user has just entered it."""

    code = CodeField(help_text=gettext_lazy("The six digits that the app shows now."))

    def __init__(
        self, *args: Any, request: HttpRequest, user: User, nonce: str, has_password: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user, self.nonce = request, user, nonce
        if not has_password:
            self.fields["password"] = OwnPasswordField()
            self.order_fields(["password"])

    def clean_code(self) -> int:
        """Return the step of the code. It needs no limit: its secret is on the same page."""
        secret = codes.secret_of(self.nonce)
        step = codes.step_of(secret, self.cleaned_data["code"], seconds=clock.now().timestamp())
        if step is None:
            raise ValidationError(
                _("This is not the code of this app. Check that the clock of your device is right."),
                code="wrong_code",
            )
        return step

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        check_own_password(self.request, self.user, password, wrong=_("This is not your password."))
        return password


def check_code_last(form: ConfirmedForm | CheckedPasswordChangeForm) -> None:
    """Use the code of a form in which all else is right: a code is valid once, and needed for the next attempt."""
    if "code" not in form.fields or form.errors:
        return
    try:
        check_code(form.request, form.user, form.cleaned_data["code"])
    except ValidationError as error:
        form.add_error("code", error)


def check_code(request: HttpRequest, user: User, code: str) -> None:
    """Use a code; raise ValidationError with the reason where it is not accepted."""
    factor = services.factor_of(user)
    if factor is None or not services.use_code(request, factor, code):
        raise refusal(request) or ValidationError(_reason(factor), code="wrong_code")


def _reason(factor: SecondFactor | None) -> str:
    if factor is not None and not services.is_readable(factor):
        return _("The key of this dashboard has changed. Ask an administrator to remove your second factor.")
    return _("This code is wrong, or was used before. Wait for the next one.")

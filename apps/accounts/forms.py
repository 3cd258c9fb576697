"""The forms of users in Django admin, in the words of the product."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    ReadOnlyPasswordHashField,
    ReadOnlyPasswordHashWidget,
    SetUnusablePasswordMixin,
    UserChangeForm,
)
from django.contrib.auth.hashers import is_password_usable
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LABEL = _("Sign-in with a password")
WITHOUT_PASSWORD = _("Users without a password can only use single sign-on.")


class NewUserForm(AdminUserCreationForm):
    """A new user of the dashboard."""

    usable_password = SetUnusablePasswordMixin.create_usable_password_field(WITHOUT_PASSWORD)
    usable_password.label = LABEL


class NewPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # takes none at run time
    """A password that an administrator gives a user."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "usable_password" in self.fields:  # not for users who change their own
            field = self.fields["usable_password"]
            field.label, field.help_text = LABEL, WITHOUT_PASSWORD


class PasswordWidget(ReadOnlyPasswordHashWidget):
    """Whether there is a password, and nothing of its hash."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        is_set = bool(value) and is_password_usable(value)
        context["summary"] = [{"label": gettext("A password is set.") if is_set else gettext("No password.")}]
        return context


class UserForm(UserChangeForm):  # type: ignore[type-arg]  # takes none at run time
    """A user; the password has its own page."""

    password = ReadOnlyPasswordHashField(label=_("Password"), widget=PasswordWidget)

"""Users of the dashboard, and the mirror of Pneumatic's users and groups."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from apps.accounts.searching import account_search_text
from apps.core.text.visible import first_visible


class User(AbstractUser):
    """A user who signs in to the dashboard. The link to a Pneumatic user is the e-mail address."""

    # Random, and new with each change of the second factor; '' before the first one.
    factor_version = models.CharField(max_length=43, default="", blank=True, editable=False)

    SEARCHED = ("username", "first_name", "last_name", "email")

    search = models.TextField(editable=False, default="")  # of these, folded

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Compute ``search`` where what it consists of is written."""
        written = kwargs.get("update_fields")
        if written is None or not set(self.SEARCHED).isdisjoint(written):
            self.search = account_search_text(*(getattr(self, name) for name in self.SEARCHED))
            kwargs["update_fields"] = None if written is None else {*written, "search"}
        super().save(*args, **kwargs)

    @property
    def shown_name(self) -> str:
        """The full name, the username or the e-mail: the first of which something can be seen."""
        names = (self.get_full_name(), self.get_username(), self.email)
        return first_visible(*names) or _t("User %(id)s") % {"id": self.pk}

    def get_session_auth_hash(self) -> str:
        """Return what a session must know to continue: another password or second factor ends it."""
        of_password = super().get_session_auth_hash()
        if not self.factor_version:
            return of_password
        key_salt = "apps.accounts.models.User.get_session_auth_hash"
        return salted_hmac(key_salt, of_password + self.factor_version, algorithm="sha256").hexdigest()


class SecondFactor(models.Model):
    """A user's authenticator app. ``apps.accounts.second_factors`` derives its secret from ``nonce`` and SECRET_KEY."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="second_factor")
    nonce = models.CharField(max_length=43)
    key_fingerprint = models.CharField(max_length=16)  # of the SECRET_KEY that the secret was derived from
    last_step = models.BigIntegerField()  # of the last code that was used: no earlier one is valid
    wrong_codes = models.PositiveIntegerField(default=0)  # since the last right one
    created_at = models.DateTimeField(_("set up"))
    used_at = models.DateTimeField(_("last used"))

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """A code that can be used once in place of the app's. The row is deleted with its use."""

    factor = models.ForeignKey(SecondFactor, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [models.UniqueConstraint(fields=["factor", "digest"], name="accounts_recovery_code")]

    def __str__(self) -> str:
        return f"recovery code of {self.factor_id}"


class SignIn(AccessLog):
    """A sign-in and its end. ``apps.accounts.sign_in`` writes these three."""

    class Meta:
        proxy = True
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")

    def __str__(self) -> str:
        return str(self.username)


class FailedSignIn(AccessFailureLog):
    """A password that was checked and is wrong, or a person of the identity provider who may not sign in."""

    class Meta:
        proxy = True
        verbose_name = _("failed sign-in")
        verbose_name_plural = _("failed sign-ins")

    def __str__(self) -> str:
        return str(self.username)


class SignInLimit(AccessAttempt):
    """Wrong passwords of an account from one kind of client, until a right one or the end of the wait."""

    class Meta:
        proxy = True
        verbose_name = _("sign-in limit")
        verbose_name_plural = _("sign-in limits")

    def __str__(self) -> str:
        return str(self.username)


class PneumaticUser(models.Model):
    """A user of the Pneumatic account, as of the last sync. The primary key is Pneumatic's id."""

    id = models.BigIntegerField(primary_key=True)
    email = models.CharField(_("e-mail"), max_length=320)
    first_name = models.TextField(_("first name"), blank=True)
    last_name = models.TextField(_("last name"), blank=True)
    name = models.TextField(_("name"))  # as pages show it: "First Last", or the e-mail
    status = models.CharField(_("status"), max_length=40)
    is_admin = models.BooleanField(_("administrator in Pneumatic"), default=False)
    is_account_owner = models.BooleanField(_("account owner"), default=False)
    search = models.CharField(
        max_length=600, editable=False
    )  # searching.search_text(): folded name and e-mail
    content_hash = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField(_("first synced"))
    changed_at = models.DateTimeField(_("last updated"))
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    raw = models.JSONField()  # last: SQLite reads the columns before it without reading this one

    class Meta:
        verbose_name = _("Pneumatic user")
        verbose_name_plural = _("Pneumatic users")
        indexes = [
            # All columns that a search reads: the row itself is read only after it matched.
            models.Index(fields=["search", "id", "removed_at", "status"], name="accounts_person_search"),
            models.Index(Lower("email"), name="accounts_person_email"),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The name, the e-mail or the id: the first of which something can be seen."""
        return first_visible(self.name, self.email) or _t("User %(id)s") % {"id": self.pk}


class PneumaticGroup(models.Model):
    """A group of the Pneumatic account's users, as of the last sync. The primary key is Pneumatic's id."""

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    size = models.PositiveIntegerField(_("members"), default=0)
    users = models.JSONField(default=list)  # ids of the members, sorted
    is_personal = models.BooleanField(_("substitutes a user on vacation"), default=False)
    search = models.CharField(max_length=600, editable=False)  # searching.search_text(): the folded name
    content_hash = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField(_("first synced"))
    changed_at = models.DateTimeField(_("last updated"))
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
    raw = models.JSONField()

    class Meta:
        verbose_name = _("Pneumatic group")
        verbose_name_plural = _("Pneumatic groups")
        indexes = [models.Index(fields=["search", "id", "removed_at"], name="accounts_group_search")]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The name, or the id where nothing of the name can be seen."""
        return first_visible(self.name) or _t("Group %(id)s") % {"id": self.pk}

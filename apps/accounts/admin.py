"""Django admin of the mirrored users and groups (read-only), of the dashboard's users, and of their sign-ins."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Field, ManyToManyField, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.accounts.models import FailedSignIn, PneumaticGroup, PneumaticUser, SignIn, SignInLimit, User
from apps.accounts.roles import ROLES
from apps.accounts.second_factors import services as second_factors
from apps.accounts.selectors import pneumatic_user_for
from apps.core.people import resolve
from apps.core.searching import has_words, search_words
from apps.core.text.folding import fold
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin, pretty

logger = logging.getLogger(__name__)


class StateFilter(admin.SimpleListFilter):
    """Statuses of users: fixed choices, so that no page queries the distinct values of a large table."""

    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("active", _("active")),
            ("invited", _("invited")),
            ("inactive", _("deactivated")),
            ("guest", _("guest")),
            ("gone", _("removed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "gone":
            return queryset.filter(removed_at__isnull=False)
        if self.value() in {"active", "invited", "inactive", "guest"}:
            return queryset.filter(removed_at=None, status=self.value())
        return queryset


@admin.register(PneumaticUser)
class PneumaticUserAdmin(ReadOnlyAdmin[PneumaticUser]):
    list_display = ["__str__", "email", "status", "is_admin", "is_account_owner", "changed_at", "removed_at"]
    list_filter = [StateFilter, "is_admin", "is_account_owner"]
    ordering = ["search", "id"]  # by name, with the index accounts_person_search
    sortable_by = ()  # no other order has an index
    search_fields = ["search"]
    search_help_text = _("Any part of name or e-mail")
    paginator = BoundedPaginator
    readonly_fields = ["wire_object"]
    exclude = ["raw", "content_hash"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PneumaticUser]:
        return super().get_queryset(request).defer("raw")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PneumaticUser], search_term: str
    ) -> tuple[QuerySet[PneumaticUser], bool]:
        """Find users like other pages do; the search reads only the covering index."""
        words = has_words(search_term)
        if not words:
            return queryset, False
        return queryset.filter(id__in=PneumaticUser.objects.filter(words).order_by().values("id")), False

    @admin.display(description=_("response of Pneumatic"))
    def wire_object(self, person: PneumaticUser) -> SafeString:
        return pretty(person.raw)


@admin.register(PneumaticGroup)
class PneumaticGroupAdmin(ReadOnlyAdmin[PneumaticGroup]):
    list_display = ["__str__", "size", "is_personal", "changed_at", "removed_at"]
    ordering = ["search", "id"]  # by name, with the index accounts_group_search
    sortable_by = ()
    search_fields = ["search"]
    search_help_text = _("Any part of the name")
    paginator = BoundedPaginator
    readonly_fields = ["members", "wire_object"]
    exclude = ["size", "users", "raw", "content_hash"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PneumaticGroup]:
        return super().get_queryset(request).defer("raw", "users")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PneumaticGroup], search_term: str
    ) -> tuple[QuerySet[PneumaticGroup], bool]:
        """Find groups that contain every word."""
        return queryset.filter(has_words(search_term)), False

    @admin.display(description=_("members"))
    def members(self, group: PneumaticGroup) -> str:
        people = resolve(group.users)
        return ", ".join(person.name for person in people.values())

    @admin.display(description=_("response of Pneumatic"))
    def wire_object(self, group: PneumaticGroup) -> SafeString:
        return pretty(group.raw)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Users who sign in here. A role is a group; Integrators and Administrators have access to this admin."""

    list_display = ["username", "email", "get_full_name", "roles", "is_active", "last_login"]
    list_filter = ["groups", "is_active"]
    actions = ["remove_second_factor"]
    search_fields = ["search"]
    search_help_text = _("Any part of username, name or e-mail")
    readonly_fields = ["is_staff", "in_pneumatic", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "in_pneumatic"]}),
        (_("Roles"), {"fields": ["is_active", "groups", "is_staff"]}),
        (_("Beyond roles"), {"fields": ["is_superuser", "user_permissions"], "classes": ["collapse"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "usable_password", "password1", "password2", "groups"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups").select_related("second_factor")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find users who have every word."""
        return queryset.filter(has_words(search_term)), False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Let only superusers change permissions beyond roles."""
        fields = list(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else [*fields, "is_superuser", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self._outranks(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self._outranks(request, obj) and super().has_delete_permission(request, obj)

    @staticmethod
    def _outranks(request: HttpRequest, obj: User | None) -> bool:
        """Return False when another user edits a superuser: with a new password they could become one."""
        return obj is None or not obj.is_superuser or request.user.is_superuser

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = forms.CheckboxSelectMultiple
            kwargs["label"] = _("Roles")
            kwargs["help_text"] = ""
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "email" and field is not None:
            field.help_text = _("Links this user to the Pneumatic user with the same address.")
        return field

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's name
        """Set another user's password. One's own takes the old one: a stolen session must not be enough."""
        if id == str(request.user.pk):
            return redirect("password-change")
        response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    @admin.action(description=_("Remove the second factor of selected users"), permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let users whose device is lost sign in with a password alone, or set up another one."""
        removed = 0
        for user in queryset:
            if user == request.user:  # takes a password and a code there
                self.message_user(
                    request, _("Remove your own one on the page Second factor."), messages.ERROR
                )
            elif not self.has_change_permission(request, user):
                self.message_user(request, _("Only superusers change superusers."), messages.ERROR)
            elif second_factors.remove(user):
                removed += 1
                self.log_change(request, user, "Second factor removed.")
                logger.warning(
                    "Second factor removed: account %s, by %s.",
                    user.get_username(),
                    request.user.get_username(),
                )
        sentence = ngettext("%(count)d second factor removed.", "%(count)d second factors removed.", removed)
        self.message_user(request, sentence % {"count": removed})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if not second_factors.is_on():
            actions.pop("remove_second_factor", None)
        return actions

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        return [*columns, "has_second_factor"] if second_factors.is_on() else columns

    @admin.display(description=_("second factor"), boolean=True)
    def has_second_factor(self, user: User) -> bool:
        return hasattr(user, "second_factor")

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=_("in Pneumatic"))
    def in_pneumatic(self, user: User) -> str:
        person = pneumatic_user_for(user)
        return f"{person.shown_name} ({person.id})" if person else "-"


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(DjangoGroupAdmin):
    """Groups. The roles among them keep their names and cannot be deleted: pages and permissions refer to them."""

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        return [*fields, "name"] if _is_role(obj) else fields

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return not _is_role(obj) and super().has_delete_permission(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Group], search_term: str
    ) -> tuple[QuerySet[Group], bool]:
        """Find groups whose folded name has every word. They are few, and Django's table has no column for it."""
        words = search_words(search_term)
        names = queryset.order_by().values_list("pk", "name")
        found = [pk for pk, name in names if all(word in fold(name) for word in words)]
        return queryset.filter(pk__in=found), False


def _is_role(group: Group | None) -> bool:
    return group is not None and group.name in ROLES


if settings.OIDC_ISSUER:
    from apps.accounts.single_sign_on.admin import register

    register(admin.site)


class _AccessAdmin(ReadOnlyAdmin[Any]):
    """Rows of axes' tables, the newest first, in the words of the dashboard."""

    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["username", "ip_address"]
    search_help_text = _("Account or address. A name that is no account is stored as unknown-…")
    paginator = BoundedPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find the rows of users by all that users are found by: these tables have only the username."""
        found, _may_repeat = super().get_search_results(request, queryset, search_term)
        users = User.objects.filter(has_words(search_term)).order_by().values("username")
        return queryset.filter(Q(pk__in=found.values("pk")) | Q(username__in=users)), False

    @admin.display(description=_("account"))
    def account(self, row: SignIn | FailedSignIn | SignInLimit) -> str:
        return str(row.username)

    @admin.display(description=_("address"))
    def address(self, row: SignIn | FailedSignIn | SignInLimit) -> str:
        return row.ip_address or "-"

    @admin.display(description=_("time"))
    def time(self, row: SignIn | FailedSignIn) -> str:
        return _shown(row.attempt_time)

    @admin.display(description=_("browser"))
    def browser(self, row: SignIn | FailedSignIn) -> str:
        return str(row.user_agent)


@admin.register(SignIn)
class SignInAdmin(_AccessAdmin):
    list_display = ["time", "account", "address", "browser", "signed_out"]
    fields = ["account", "time", "signed_out", "address", "browser", "path_info"]

    @admin.display(description=_("signed out"))
    def signed_out(self, row: SignIn) -> str:
        return _shown(row.logout_time) if row.logout_time else "-"


@admin.register(FailedSignIn)
class FailedSignInAdmin(_AccessAdmin):
    list_display = ["time", "account", "address", "browser"]
    fields = ["account", "time", "address", "browser", "path_info"]


@admin.register(SignInLimit)
class SignInLimitAdmin(_AccessAdmin):
    """Who has to wait. Deleting a row ends the wait."""

    list_display = ["account", "client", "address", "failures", "ends"]
    fields = ["account", "client", "address", "failures", "ends"]

    def has_delete_permission(self, request: HttpRequest, obj: SignInLimit | None = None) -> bool:
        return request.user.has_perm("accounts.delete_signinlimit")

    @admin.display(description=_("client"))
    def client(self, row: SignInLimit) -> str:
        return str(row.user_agent)

    @admin.display(description=_("wrong passwords"))
    def failures(self, row: SignInLimit) -> int:
        return int(row.failures_since_start)

    @admin.display(description=_("ends"))
    def ends(self, row: SignInLimit) -> str:
        return _shown(row.attempt_time + settings.AXES_COOLOFF_TIME)


def _shown(time: dt.datetime) -> str:
    return localize(timezone.localtime(time))

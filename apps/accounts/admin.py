"""Django admin of the mirrored users and groups (read-only), of the dashboard's users, and of their sign-ins."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, Field, ManyToManyField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.accounts.forms import NewPasswordForm, NewUserForm, UserForm
from apps.accounts.models import PneumaticGroup, PneumaticUser, User
from apps.accounts.roles import ROLES
from apps.accounts.second_factors import services as second_factors
from apps.accounts.selectors import pneumatic_user_for
from apps.accounts.sign_in import admin as sign_in_log
from apps.core.people import resolve
from apps.core.searching import has_words, search_words
from apps.core.templatetags.admin_rows import EMPTY, timestamp, yes_or_no
from apps.core.text.folding import fold
from apps.core.text.visible import first_visible
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin, pretty

logger = logging.getLogger(__name__)

# Of a user in Pneumatic, under its name there.
STATUSES = {
    "active": _("active"),
    "invited": _("invited"),
    "inactive": _("deactivated"),
    "guest": _("guest"),
}


class StateFilter(admin.SimpleListFilter):
    """Statuses of users: fixed choices, so that no page queries the distinct values of a large table."""

    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*STATUSES.items(), ("gone", _("removed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "gone":
            return queryset.filter(removed_at__isnull=False)
        if self.value() in STATUSES:
            return queryset.filter(removed_at=None, status=self.value())
        return queryset


@admin.register(PneumaticUser)
class PneumaticUserAdmin(ReadOnlyAdmin[PneumaticUser]):
    list_display = ["__str__", "email", "state", "is_admin", "is_account_owner", "changed_at", "removed_at"]
    list_filter = [StateFilter, "is_admin", "is_account_owner"]
    ordering = ["search", "id"]  # by name, with the index accounts_person_search
    sortable_by = ()  # no other order has an index
    search_fields = ["search"]
    search_help_text = _("Any part of name or e-mail")
    paginator = BoundedPaginator
    fields = [
        *("id", "name", "email", "first_name", "last_name", "state", "is_admin", "is_account_owner"),
        *("first_seen_at", "changed_at", "removed_at", "wire_object"),
    ]
    readonly_fields = ["state", "wire_object"]

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

    @admin.display(description=_("status"))
    def state(self, person: PneumaticUser) -> str:
        return str(STATUSES.get(person.status, person.status))

    @admin.display(description=_("response of Pneumatic"))
    def wire_object(self, person: PneumaticUser) -> SafeString | str:
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
    def wire_object(self, group: PneumaticGroup) -> SafeString | str:
        return pretty(group.raw)


class RoleFilter(admin.RelatedFieldListFilter):
    """By role; "no role" for users who can see nothing yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("role")
        self.empty_value_display = SafeString(_t("no role"))


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Users who sign in here. Integrators and Administrators have access to this admin."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = NewPasswordForm
    list_display = ["username", "full_name", "address", "roles", "is_active", "last_sign_in"]
    list_filter = [("groups", RoleFilter), "is_active"]
    actions = ["remove_second_factor"]
    search_fields = ["search"]
    search_help_text = _("Any part of username, name or e-mail")
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    readonly_fields = ["opens_admin", "in_pneumatic", "superuser", "permissions", "last_sign_in", "created"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "in_pneumatic"]}),
        (_("Roles"), {"fields": ["is_active", "groups", "opens_admin"]}),
        (_("Beyond roles"), {"fields": ["is_superuser", "user_permissions"], "classes": ["collapse"]}),
        (_("Dates"), {"fields": ["last_sign_in", "created"]}),
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

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Let only superusers change permissions beyond roles; show the rest of who may not be changed as words."""
        found = super().get_fieldsets(request, obj)
        if obj is None:
            return found
        words: dict[Any, Any] = {}
        if not request.user.is_superuser:
            words |= {"is_superuser": "superuser", "user_permissions": "permissions"}
        if not self.has_change_permission(request, obj):
            # The link at the password leads to a page that is closed.
            words |= {"password": "", "email": "address", "is_active": "active", "groups": "roles"}

        def shown(fields: Any) -> list[Any]:
            return [name for field in fields if (name := words.get(field, field))]

        return [(title, {**options, "fields": shown(options["fields"])}) for title, options in found]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self._outranks(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self._outranks(request, obj) and super().has_delete_permission(request, obj)

    # Label and help of fields that Django names in other words.
    _WORDS: ClassVar = {
        "email": (_("E-mail"), _("Links this user to the Pneumatic user with the same address.")),
        "is_active": (_("Active"), _("Can sign in. Deactivate users instead of deleting them.")),
        "is_superuser": (_("Superuser"), _("Has every permission, regardless of the roles.")),
        "user_permissions": (_("Permissions"), _("In addition to those of the roles.")),
    }

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
        words = self._WORDS.get(db_field.name)
        if words and field is not None:
            field.label, field.help_text = words
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

    @admin.display(description=_("second factor"))
    def has_second_factor(self, user: User) -> str | None:
        return yes_or_no(hasattr(user, "second_factor"))

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return first_visible(user.get_full_name())

    @admin.display(description=_("e-mail"), ordering="email")
    def address(self, user: User) -> str:
        return user.email

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=_("active"))
    def active(self, user: User) -> str | None:
        return yes_or_no(user.is_active)

    @admin.display(description=_("superuser"))
    def superuser(self, user: User) -> str | None:
        return yes_or_no(user.is_superuser)

    @admin.display(description=_("permissions"))
    def permissions(self, user: User) -> str:
        """Return those in addition to the permissions of the roles."""
        return ", ".join(permission.name for permission in user.user_permissions.all()) or EMPTY

    @admin.display(description=_("last sign-in"), ordering="last_login")
    def last_sign_in(self, user: User) -> SafeString | str:
        return timestamp(user.last_login)

    @admin.display(description=_("created"))
    def created(self, user: User) -> SafeString | str:
        return timestamp(user.date_joined)

    @admin.display(description=_("Django admin"))
    def opens_admin(self, user: User) -> str:
        return (
            _t("Can be opened by this user.") if user.is_staff else _t("Opens with a role that includes it.")
        )

    @admin.display(description=_("in Pneumatic"))
    def in_pneumatic(self, user: User) -> str:
        person = pneumatic_user_for(user)
        return f"{person.shown_name} ({person.id})" if person else EMPTY


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(DjangoGroupAdmin):
    """Roles. The four of the product keep their names and cannot be deleted: pages and permissions refer to them."""

    fields = ["name", "permissions"]
    list_display = ["name", "size"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(users=Count("user"))

    @admin.display(description=_("users"))
    def size(self, group: Group) -> int:
        return int(getattr(group, "users", 0))

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

sign_in_log.register(admin.site)

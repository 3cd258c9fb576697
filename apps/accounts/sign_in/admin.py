"""Sign-ins, wrong passwords and waits in Django admin, in place of the pages of axes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import FailedSignIn, SignIn, SignInLimit, User
from apps.core.searching import has_words
from apps.core.templatetags.admin_rows import timestamp
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin


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
        return row.ip_address or ""

    @admin.display(description=_("time"))
    def time(self, row: SignIn | FailedSignIn) -> SafeString | str:
        return timestamp(row.attempt_time)

    @admin.display(description=_("browser"))
    def browser(self, row: SignIn | FailedSignIn) -> str:
        return str(row.user_agent)

    @admin.display(description=_("browser"))
    def shortly(self, row: SignIn | FailedSignIn) -> str:
        """Return the beginning of what the browser says of itself."""
        return Truncator(row.user_agent).chars(60)

    @admin.display(description=_("page"))
    def page(self, row: SignIn | FailedSignIn) -> str:
        return str(row.path_info)


class SignInAdmin(_AccessAdmin):
    list_display = ["time", "account", "address", "shortly", "signed_out"]
    fields = ["account", "time", "signed_out", "address", "browser", "page"]

    @admin.display(description=_("signed out"))
    def signed_out(self, row: SignIn) -> SafeString | str:
        return timestamp(row.logout_time)


class FailedSignInAdmin(_AccessAdmin):
    list_display = ["time", "account", "address", "shortly"]
    fields = ["account", "time", "address", "browser", "page"]


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
    def ends(self, row: SignInLimit) -> SafeString | str:
        return timestamp(row.attempt_time + settings.AXES_COOLOFF_TIME)


def register(site: AdminSite) -> None:
    """Register the three lists."""
    site.register(SignIn, SignInAdmin)
    site.register(FailedSignIn, FailedSignInAdmin)
    site.register(SignInLimit, SignInLimitAdmin)

"""The page of accounts' links to persons of the provider, instead of the pages of allauth."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.core.templatetags.admin_rows import timestamp
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin


class ProviderLinkAdmin(ReadOnlyAdmin[Any]):
    """Which person of the provider an account belongs to. Deleting a row lets the next one with its address have it."""

    list_display = ["user", "person", "linked", "last_sign_in"]
    fields = ["user", "person", "linked", "last_sign_in"]
    list_select_related = ["user"]
    ordering = ["-id"]
    sortable_by = ()
    search_fields = ["user__username", "uid"]
    user_search = "user__search"
    paginator = BoundedPaginator

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: SocialAccount | None = None) -> bool:
        return request.user.has_perm("accounts.view_user")

    def has_delete_permission(self, request: HttpRequest, obj: SocialAccount | None = None) -> bool:
        return request.user.has_perm("accounts.change_user")

    @admin.display(description=_("person of the provider"))
    def person(self, link: SocialAccount) -> str:
        return str(link.uid)

    @admin.display(description=_("linked"))
    def linked(self, link: SocialAccount) -> SafeString | str:
        return timestamp(link.date_joined)

    @admin.display(description=_("last sign-in"))
    def last_sign_in(self, link: SocialAccount) -> SafeString | str:
        return timestamp(link.last_login)


def register(site: AdminSite) -> None:
    """Replace allauth's pages: the others would be a second place for the provider's settings, or are empty."""
    site.unregister([EmailAddress, SocialApp, SocialToken, SocialAccount])
    SocialAccount._meta.verbose_name = _("single sign-on link")
    SocialAccount._meta.verbose_name_plural = _("single sign-on links")
    apps.get_app_config("socialaccount").verbose_name = _("People")
    site.register(SocialAccount, ProviderLinkAdmin)

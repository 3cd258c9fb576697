"""The page of accounts' links to persons of the provider, instead of the pages of allauth."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib.admin import AdminSite
from django.http import HttpRequest

from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin


class ProviderLinkAdmin(ReadOnlyAdmin[Any]):
    """Which person of the provider an account belongs to. Deleting a row lets the next one with its address have it."""

    list_display = ["user", "uid", "date_joined", "last_login"]
    fields = ["user", "provider", "uid", "date_joined", "last_login"]
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


def register(site: AdminSite) -> None:
    """Replace allauth's pages: the others would be a second place for the provider's settings, or are empty."""
    site.unregister([EmailAddress, SocialApp, SocialToken, SocialAccount])
    site.register(SocialAccount, ProviderLinkAdmin)

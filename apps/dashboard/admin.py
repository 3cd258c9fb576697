"""The page System in Django admin, instead of a change list."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core.database import clock
from apps.dashboard.models import System
from apps.dashboard.system import checks
from apps.sync.readonly import ReadOnlyAdmin


@admin.register(System)
class SystemAdmin(ReadOnlyAdmin[System]):
    """One page, which changes nothing."""

    def get_urls(self) -> list[URLPattern]:
        """Return the page."""
        page = self.admin_site.admin_view(never_cache(require_safe(self.page)))
        return [path("", page, name="dashboard_system_changelist")]

    def page(self, request: HttpRequest) -> HttpResponse:
        """Show the result of every check."""
        if not request.user.has_perm("dashboard.view_system"):
            raise PermissionDenied
        parts = checks.run()
        context = {
            **self.admin_site.each_context(request),
            "opts": System._meta,
            "title": System._meta.verbose_name_plural,
            "parts": parts,
            "worst": checks.worst(parts),
            "checked_at": clock.now(),
        }
        return render(request, "admin/dashboard/system/page.html", context)

"""The page System in Django admin, instead of a change list; and background tasks."""

from __future__ import annotations

from typing import Any

import django_tasks_db.admin  # noqa: F401 - it registers a page for tasks, which is replaced here
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from apps.core.database import clock
from apps.core.templatetags.admin_rows import EMPTY, timestamp
from apps.dashboard.models import System
from apps.dashboard.system import checks
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin


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


admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(ReadOnlyAdmin[Any]):
    """Background tasks, the newest first."""

    list_display = ("task", "state", "queued", "started", "finished")
    list_filter = ("status",)
    ordering = ("-enqueued_at",)
    sortable_by = ()
    paginator = BoundedPaginator
    fields = ("id", "task", "state", "queued", "started", "finished", "error")
    readonly_fields = fields[1:]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave out what no list shows."""
        return super().get_queryset(request).defer("return_value", "traceback")

    @admin.display(description=_("task"))
    def task(self, result: Any) -> str:
        return str(result.task_path)

    @admin.display(description=_("status"))
    def state(self, result: Any) -> SafeString:
        tone = {TaskResultStatus.FAILED: "bad", TaskResultStatus.SUCCESSFUL: "ok"}.get(result.status, "info")
        return format_html(
            '<span class="badge badge--{}">{}</span>', tone, str(result.get_status_display()).lower()
        )

    @admin.display(description=_("queued"))
    def queued(self, result: Any) -> SafeString | str:
        return timestamp(result.enqueued_at)

    @admin.display(description=_("started"))
    def started(self, result: Any) -> SafeString | str:
        return timestamp(result.started_at)

    @admin.display(description=_("finished"))
    def finished(self, result: Any) -> SafeString | str:
        return timestamp(result.finished_at)

    @admin.display(description=_("error"))
    def error(self, result: Any) -> SafeString | str:
        return format_html("<pre>{}</pre>", result.traceback) if result.traceback else EMPTY

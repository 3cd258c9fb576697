"""Launches and uploaded files in Django admin: to look at, not to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.launches.models import Launch, UploadedFile

COUNTED = 10_000


class BoundedPaginator(Paginator[Any]):
    """Pages of a list of any length: no more than the first rows are counted, and none beyond are offered."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, or COUNTED where there are more."""
        found: QuerySet[Any] = self.object_list.order_by()  # type: ignore[union-attr]  # admin pages querysets
        return found.values("pk")[:COUNTED].count()


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Show, search and filter; nobody adds, changes or deletes."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: these rows record what happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: these rows record what happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: these rows record what happened."""
        return False


@admin.register(Launch)
class LaunchAdmin(ReadOnlyAdmin):
    """Every launch, newest first."""

    list_display = ("name", "template", "state", "workflow_id", "launched_by", "created_at")
    list_filter = ("state", "created_at")
    list_select_related = ("template", "launched_by")
    ordering = ("-created_at", "-id")
    search_fields = ("search__contains", "workflow_id__exact")
    search_help_text = _("Workflow name in small letters, or workflow ID")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return launches without what lists do not show."""
        return (
            super().get_queryset(request).defer("template__raw", "template__tasks", "template__description")
        )


@admin.register(UploadedFile)
class UploadedFileAdmin(ReadOnlyAdmin):
    """Every uploaded file, newest first; links are left out, because whoever has one can read the file."""

    fields = ("name", "content_type", "size", "owner", "attachment_id", "created_at")
    list_display = ("name", "content_type", "size", "owner", "created_at")
    list_select_related = ("owner",)
    ordering = ("-created_at",)
    search_fields = ("name", "attachment_id__exact")

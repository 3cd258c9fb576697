"""Sync runs in Django admin."""

from __future__ import annotations

from django.contrib import admin
from django.template.defaultfilters import floatformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.sync.models import SyncResult, SyncRun
from apps.sync.readonly import ReadOnlyAdmin, ReadOnlyInline, pretty


class ResultInline(ReadOnlyInline):
    model = SyncResult
    fields = [
        "resource",
        "state",
        "added",
        "changed",
        "removed",
        "unchanged",
        "requests",
        "took",
        "finished_at",
        "error",
        "what_changed",
    ]
    readonly_fields = ["took", "what_changed"]

    @admin.display(description=_("seconds"))
    def took(self, result: SyncResult) -> str:
        return floatformat(result.seconds, 1)

    @admin.display(description=_("what changed"))
    def what_changed(self, result: SyncResult) -> SafeString:
        """Return the names; thousands of lines are folded away."""
        return format_html("<details><summary>{}</summary>{}</details>", _("Show"), pretty(result.details))


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin[SyncRun]):
    list_display = ["started_at", "state", "trigger", "started_by", "dry_run", "finished_at", "error"]
    list_filter = ["state", "trigger", "dry_run"]
    list_select_related = ["started_by"]
    search_fields = ["error", "started_by__username"]
    user_search = "started_by__search"
    ordering = ["-started_at", "-id"]
    inlines = [ResultInline]

"""Sync runs in Django admin."""

from __future__ import annotations

from django.contrib import admin
from django.template.defaultfilters import floatformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from apps.sync.models import SyncResult, SyncRun
from apps.sync.readonly import ReadOnlyAdmin, ReadOnlyInline, folded


class ResultInline(ReadOnlyInline):
    model = SyncResult
    fields = [
        "synced",
        "status",
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
    readonly_fields = ["synced", "status", "took", "what_changed"]

    @admin.display(description=_("resource"))
    def synced(self, result: SyncResult) -> str:
        return capfirst(result.resource)

    @admin.display(description=_("status"))
    def status(self, result: SyncResult) -> SafeString:
        return _badge(result)

    @admin.display(description=_("seconds"))
    def took(self, result: SyncResult) -> str:
        return floatformat(result.seconds, 1)

    @admin.display(description=_("what changed"))
    def what_changed(self, result: SyncResult) -> SafeString:
        """Return the names, folded away."""
        return folded(result.details, _("Show"))


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin[SyncRun]):
    list_display = ["started_at", "status", "trigger", "started_by", "dry_run", "finished_at", "reason"]
    list_filter = ["state", "trigger", "dry_run"]
    list_select_related = ["started_by"]
    search_fields = ["error", "started_by__username"]
    user_search = "started_by__search"
    ordering = ["-started_at", "-id"]
    inlines = [ResultInline]
    fields = [
        *("started_at", "finished_at", "status", "trigger", "started_by", "dry_run", "allow_removals"),
        *("error", "heartbeat_at", "worker"),
    ]
    readonly_fields = ["status", "worker"]

    @admin.display(description=_("status"), ordering="state")
    def status(self, run: SyncRun) -> SafeString:
        return _badge(run)

    @admin.display(description=_("error"))
    def reason(self, run: SyncRun) -> str:
        """Return the beginning of the error: the run's page shows all of it."""
        return Truncator(run.error).chars(120)

    @admin.display(description=_("process"))
    def worker(self, run: SyncRun) -> str:
        if not run.pid:
            return ""
        return _t("%(pid)s on %(host)s") % {"pid": run.pid, "host": run.host}


def _badge(row: SyncRun | SyncResult) -> SafeString:
    return format_html('<span class="badge badge--{}">{}</span>', row.tone, row.get_state_display())

"""Workflows in Django admin, read-only: they are derived from events."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin, pretty
from apps.workflows.models import Workflow
from apps.workflows.selectors import named
from apps.workflows.templatetags.workflows import workflow_state


@admin.register(Workflow)
class WorkflowAdmin(ReadOnlyAdmin[Workflow]):
    """Every workflow, latest event first."""

    list_display = (
        "__str__",
        "id",
        "template",
        "status",
        "step",
        "has_gaps",
        "launched_by",
        "last_event_at",
    )
    list_filter = ("state", "has_gaps")
    list_select_related = ("launched_by",)
    ordering = ("-last_event_at", "-id")
    sortable_by = ()  # no other order has an index
    search_fields = ("search",)
    search_help_text = _("Words of the workflow's name, or its ID")
    paginator = BoundedPaginator
    fields = (
        *("id", "name", "template", "status", "has_gaps", "step", "task_name", "task_since"),
        *("assigned_to", "started_at", "launched_by", "ended_at", "events_count", "last_event_at"),
        "projected_history",
    )
    readonly_fields = ("template", "status", "assigned_to", "projected_history")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        """Return workflows, in the list without their histories."""
        found = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and (match.url_name or "").endswith("_changelist")
        return found.defer("history", "search") if is_list else found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Workflow], search_term: str
    ) -> tuple[QuerySet[Workflow], bool]:
        """Find workflows like the list of workflows does."""
        return (named(queryset, search_term), False)

    @admin.display(description=_("template"))
    def template(self, workflow: Workflow) -> str:
        """Return the template's name; its ID where no event contained one."""
        return workflow.template_name or str(workflow.template_id or "")

    @admin.display(description=_("status"))
    def status(self, workflow: Workflow) -> SafeString:
        return workflow_state(workflow)

    @admin.display(description=_("assigned to"))
    def assigned_to(self, workflow: Workflow) -> str:
        """Return the performers of the current tasks."""
        return ", ".join(str(name or number) for number, name, *_rest in workflow.performers)

    @admin.display(description=_("activity"))
    def projected_history(self, workflow: Workflow) -> SafeString | str:
        """Return the timeline as it is stored."""
        return pretty(workflow.history)

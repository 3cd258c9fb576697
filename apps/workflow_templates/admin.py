"""Templates and their versions in Django admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.core import people
from apps.core.searching import has_words
from apps.sync.readonly import ReadOnlyAdmin, ReadOnlyInline, pretty
from apps.workflow_templates.models import Template, TemplateVersion


class RemovedFilter(admin.SimpleListFilter):
    """Whether a template exists in Pneumatic or was removed."""

    title = _("in Pneumatic")
    parameter_name = "gone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("exists")), ("yes", _("removed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(removed_at__isnull=self.value() == "no") if self.value() else queryset


class VersionInline(ReadOnlyInline):
    model = TemplateVersion
    fields = ["number", "first_seen_at"]
    ordering = ["-number"]
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("kickoff")


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin[Template]):
    list_display = ["__str__", "id", "is_active", "fields_count", "tasks_count", "changed_at", "removed_at"]
    list_filter = ["is_active", RemovedFilter, "finalizable"]
    ordering = ["order_key", "id"]  # like the catalogue: active first, by name
    search_fields = ["search"]
    search_help_text = _("Any part of name or description")
    inlines = [VersionInline]
    fields = [
        *("id", "name", "is_active", "description", "workflow_name", "finalizable", "may_run"),
        *("tasks_count", "performers_count", "fields_count", "current_version", "date_updated", "editor"),
        *("first_seen_at", "changed_at", "removed_at", "tasks_as_json", "wire_object"),
    ]
    readonly_fields = ["may_run", "editor", "tasks_as_json", "wire_object"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        return super().get_queryset(request).select_related("current_version").defer("raw", "tasks")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Template], search_term: str
    ) -> tuple[QuerySet[Template], bool]:
        """Find templates that contain every word."""
        return queryset.filter(has_words(search_term)), False

    @admin.display(description=_("can be launched by"))
    def may_run(self, template: Template) -> str:
        ids = template.run_allowed.order_by("pneumatic_user_id").values_list("pneumatic_user_id", flat=True)
        return ", ".join(person.name for person in people.resolve(list(ids)).values())

    @admin.display(description=_("updated by"))
    def editor(self, template: Template) -> str | None:
        number = template.updated_by_id
        return None if number is None else people.resolve([number])[number].name

    @admin.display(description=_("definitions of tasks"))
    def tasks_as_json(self, template: Template) -> SafeString | str:
        return pretty(template.tasks)

    @admin.display(description=_("response of Pneumatic"))
    def wire_object(self, template: Template) -> SafeString | str:
        return pretty(template.raw)


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ReadOnlyAdmin[TemplateVersion]):
    list_display = ["template_name", "number", "first_seen_at"]
    ordering = ["-id"]  # newest first
    search_fields = ["template__search"]
    fields = ["template", "number", "first_seen_at", "kickoff_as_json"]
    readonly_fields = ["kickoff_as_json"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        versions = super().get_queryset(request).select_related("template")
        return versions.defer("kickoff", "template__raw", "template__tasks", "template__description")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TemplateVersion], search_term: str
    ) -> tuple[QuerySet[TemplateVersion], bool]:
        """Find the versions of templates that contain every word."""
        return queryset.filter(has_words(search_term, "template__search")), False

    @admin.display(description=_("template"))
    def template_name(self, version: TemplateVersion) -> str:
        return version.template.shown_name

    @admin.display(description=_("kickoff form"))
    def kickoff_as_json(self, version: TemplateVersion) -> SafeString | str:
        return pretty(version.kickoff)

"""Launches and uploaded files in Django admin, read-only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.core.searching import has_words
from apps.core.templatetags.dash import bytes_
from apps.launches.models import Launch, UploadedFile
from apps.launches.selectors import named
from apps.launches.templatetags.launches import launch_state
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin, pretty


@admin.register(Launch)
class LaunchAdmin(ReadOnlyAdmin[Launch]):
    """Every launch, newest first."""

    list_display = ("__str__", "template", "status", "workflow_id", "launched_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("template", "launched_by")
    ordering = ("-created_at", "-id")
    sortable_by = ()  # no other order has an index
    search_fields = ("search",)
    search_help_text = _("Words of the workflow's name, or its ID")
    paginator = BoundedPaginator
    fields = (
        *("name", "upstream_name", "template", "version", "status", "reason", "errors", "workflow_id"),
        *("is_urgent", "due", "launched_by", "previous", "created_at", "sent_at", "finished_at", "attempts"),
        *("checked_at", "resolved_by", "match", "conflicts", "given_answers", "request_body"),
    )
    readonly_fields = ("status", "errors", "match", "given_answers", "request_body")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Launch]:
        """Leave out the large columns of templates that no page here shows."""
        unused = ("template__raw", "template__tasks", "template__description")
        return super().get_queryset(request).defer(*unused)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Launch], search_term: str
    ) -> tuple[QuerySet[Launch], bool]:
        """Find launches as the launch list does."""
        return (named(queryset, search_term), False)

    @admin.display(description=_("status"))
    def status(self, launch: Launch) -> SafeString:
        return launch_state(launch)

    @admin.display(description=_("errors of fields"))
    def errors(self, launch: Launch) -> SafeString | str:
        """Return the reasons by field."""
        return pretty(launch.field_errors)

    @admin.display(description=_("match"))
    def match(self, launch: Launch) -> SafeString | str:
        """Return the evidence by which a launch without a response was matched with its workflow."""
        return pretty(launch.evidence)

    @admin.display(description=_("answers"))
    def given_answers(self, launch: Launch) -> SafeString | str:
        """Return the stored answers."""
        return pretty(launch.answers)

    @admin.display(description=_("request"))
    def request_body(self, launch: Launch) -> SafeString | str:
        """Return the body of the request."""
        return pretty(launch.payload)


@admin.register(UploadedFile)
class UploadedFileAdmin(ReadOnlyAdmin[UploadedFile]):
    """Every uploaded file, newest first; links are left out, because a link gives access to the file."""

    fields = ("name", "content_type", "length", "owner", "attachment_id", "created_at")
    readonly_fields = ("length",)
    list_display = ("__str__", "content_type", "length", "owner", "created_at")
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")
    sortable_by = ()
    search_fields = ("search",)
    search_help_text = _("Words of the file's name, or its attachment ID")
    paginator = BoundedPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UploadedFile], search_term: str
    ) -> tuple[QuerySet[UploadedFile], bool]:
        """Find files whose name has every word, or that have this attachment id."""
        words = has_words(search_term)
        return queryset.filter(words | Q(attachment_id=search_term.strip()) if words else words), False

    @admin.display(description=_("size"))
    def length(self, file: UploadedFile) -> str:
        return bytes_(file.size)

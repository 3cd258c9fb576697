"""Launches and uploaded files in Django admin, read-only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.core.searching import has_words
from apps.launches.models import Launch, UploadedFile
from apps.launches.selectors import named
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin, pretty


@admin.register(Launch)
class LaunchAdmin(ReadOnlyAdmin[Launch]):
    """Every launch, newest first."""

    list_display = ("__str__", "template", "state", "workflow_id", "launched_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("template", "launched_by")
    ordering = ("-created_at", "-id")
    sortable_by = ()  # no other order has an index
    search_fields = ("search",)
    search_help_text = _("Words of the workflow's name, or its ID")
    paginator = BoundedPaginator
    readonly_fields = ("given_answers", "request_body")
    exclude = (
        "answers",
        "answers_digest",
        "payload",
        "deadline_at",
        "check_attempted_at",
        "not_found_at",
        "check_note",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Launch]:
        """Leave out the large columns of templates that no page here shows."""
        unused = ("template__raw", "template__tasks", "template__description")
        return super().get_queryset(request).defer(*unused)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Launch], search_term: str
    ) -> tuple[QuerySet[Launch], bool]:
        """Find launches as the launch list does."""
        return (named(queryset, search_term), False)

    @admin.display(description=_("answers"))
    def given_answers(self, launch: Launch) -> SafeString:
        """Return the stored answers."""
        return pretty(launch.answers)

    @admin.display(description=_("request"))
    def request_body(self, launch: Launch) -> SafeString:
        """Return the body of the request."""
        return pretty(launch.payload)


@admin.register(UploadedFile)
class UploadedFileAdmin(ReadOnlyAdmin[UploadedFile]):
    """Every uploaded file, newest first; links are left out, because a link gives access to the file."""

    fields = ("name", "content_type", "size", "owner", "attachment_id", "created_at")
    list_display = ("__str__", "content_type", "size", "owner", "created_at")
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

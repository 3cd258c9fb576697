"""Django admin for rows that only a sync writes: to view and search, not to edit.

Django's classes take a type parameter at run time because ``django-tasks`` applies ``django-stubs-ext``.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import AbstractUser
from django.core.paginator import Paginator
from django.db.models import JSONField, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from apps.core.searching import has_words
from apps.core.templatetags.admin_rows import EMPTY, in_place_of, person

MAX_LINES = 40  # of JSON that a page shows at once

AnyModel = TypeVar("AnyModel", bound=Model)


class _ReadOnly:
    """Denies every permission except the one to view."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly, admin.ModelAdmin[AnyModel]):
    """A list and a page per row, with a constant number of queries."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the table again
    list_per_page = 50
    # The column with the folded names of a row's user, where a search is for these, too.
    user_search = ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AnyModel], search_term: str
    ) -> tuple[QuerySet[AnyModel], bool]:
        """Find rows also by their user, as other pages find users, where ``user_search`` is set."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not self.user_search:
            return found, may_repeat
        by_user = has_words(search_term, self.user_search)
        return queryset.filter(Q(pk__in=found.values("pk")) | by_user), False

    def get_fieldsets(self, request: HttpRequest, obj: AnyModel | None = None) -> Any:
        """Show JSON to read, and related rows without a link where the user may not see their pages."""
        return [
            (title, {**options, "fields": [self._shown(request, name) for name in options["fields"]]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def _shown(self, request: HttpRequest, name: Any) -> Any:
        """Return a field as it is, or a function in place of it that gives what the page shows."""
        field = next((field for field in self.opts.fields if field.name == name), None)
        if isinstance(field, JSONField):
            return in_place_of(field, lambda row: pretty(getattr(row, name)))
        if field is not None and field.is_relation:
            return in_place_of(field, lambda row: self._related(request, getattr(row, name)))
        return name

    def _related(self, request: HttpRequest, row: Model | None) -> str | None:
        """Return the name of a related row, with a link where the user may see its page."""
        if row is None:
            return None
        text = person(row) if isinstance(row, AbstractUser) else str(row)
        page = self.admin_site._registry.get(type(row))
        if page is None or not page.has_view_permission(request):
            return text
        url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[quote(row.pk)])
        return format_html('<a href="{}">{}</a>', url, text)


class ReadOnlyInline(_ReadOnly, admin.TabularInline[Model, Model]):
    """Rows that belong to the page's row, in a plain table: Django's own has columns without a heading."""

    template = "admin/read_only_rows.html"
    extra = 0
    can_delete = False


class BoundedPaginator(Paginator[Any]):
    """Counts at most ``MAX_ROWS`` rows, so that the list of a large table stays fast."""

    MAX_ROWS = 100_000

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, or ``MAX_ROWS`` + 1 for "more"."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            raise TypeError("Only a queryset can be counted without reading its rows.")
        return rows.order_by()[: self.MAX_ROWS + 1].count()


def pretty(data: object) -> SafeString | str:
    """Return ``data`` as indented JSON, escaped; long JSON is folded away, and of nothing there is a dash."""
    if not data:
        return EMPTY
    text = _indented(data)
    lines = text.count("\n") + 1
    if lines <= MAX_LINES:
        return format_html("<pre>{}</pre>", text)
    return folded(data, gettext("Show %(n)s lines") % {"n": f"{lines:,}"})


def folded(data: object, words: Promise | str) -> SafeString:
    """Return ``data`` as indented JSON, escaped, that opens with a click on ``words``."""
    return format_html("<details><summary>{}</summary><pre>{}</pre></details>", words, _indented(data))


def _indented(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)

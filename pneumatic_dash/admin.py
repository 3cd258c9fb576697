"""Django admin as this product runs it: in its words, and whatever an address says, a list or a reason is shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.apps import apps as installed
from django.contrib import admin
from django.contrib.admin import apps
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from apps.core.templatetags.admin_rows import EMPTY, column, filled

# Sections of Django's and of libraries whose models belong to one of ours.
SECTIONS = {"auth": "accounts", "socialaccount": "accounts", "django_tasks_database": "dashboard"}


class StrictChangeList(ChangeList):
    """Reads only the parameters of its filters; Django redirects every other request to the list without parameters.

    Django itself passes any lookup on any column to the database, which fails for some values.
    """

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(request, *args, **kwargs)
        except (OverflowError, ValueError) as error:  # dates of no calendar, in a date hierarchy or filter
            raise IncorrectLookupParameters from error

    def get_filters(self, request: HttpRequest) -> Any:
        """Return Django's filters, unless a value or a parameter belongs to none of them."""
        if not all(_is_text(value) for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters
        found: tuple[Any, ...] = super().get_filters(request)
        _filters, _has_filters, rest, *_others = found
        # Django adds the bounds of a date hierarchy itself, as times.
        if not all(isinstance(value, datetime) for values in rest.values() for value in values):
            raise IncorrectLookupParameters
        return found


class StrictModelAdmin(admin.ModelAdmin[Any]):
    """Comes before each model's own class."""

    view_on_site = False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns, with values as text."""
        return [self._in_words(name) for name in super().get_list_display(request)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields; those of a row that the user may not change as text."""
        found = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return found
        return [
            (title, {**options, "fields": [self._in_words(name, is_page=True) for name in options["fields"]]})
            for title, options in found
        ]

    def _in_words(self, name: Any, *, is_page: bool = False) -> Any:
        if not isinstance(name, str):
            return name
        method = getattr(self, name, None)
        return filled(method) if is_page and callable(method) else column(self.opts.label, name)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StrictChangeList

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Leave out rows that only link two others; name what refers to a row, before who may delete that."""
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return _without_links(rows), counts, set() if protected else lacking, protected

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Refuse keys that no row can have: the database would fail."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.clean(key, None)
            except ValidationError as error:
                raise BadRequest("A selected row has no valid key.") from error
        return super().response_action(request, queryset)


class AdminSite(admin.AdminSite):
    """Makes every list strict, those of libraries too."""

    index_title = _("Administration")
    empty_value_display = EMPTY

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the sections, those of libraries as parts of ours."""
        found = {app["app_label"]: app for app in super().get_app_list(request)}
        for library, own in SECTIONS.items():
            if library in found and own in found:
                found[own]["models"] = [*found[own]["models"], *found.pop(library)["models"]]
                found[own]["models"].sort(key=lambda model: model["name"])
        if app_label is None:
            return list(found.values())
        wanted = found.get(app_label) or found.get(SECTIONS.get(app_label, ""))
        return [wanted] if wanted else []

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> TemplateResponse:
        """Show one section under its own name."""
        sections = self.get_app_list(request, app_label)
        title = {"title": sections[0]["name"]} if sections else {}
        return super().app_index(request, app_label, {**title, **(extra_context or {})})

    def password_change(  # type: ignore[override]  # a redirect is a response too
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the one page where users change their password."""
        return redirect("password-change")

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        base = admin_class or admin.ModelAdmin
        strict = type(base.__name__, (StrictModelAdmin, base), {"__module__": base.__module__})
        super().register(model_or_iterable, strict, **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Leave out Django's redirect to any row's own page: no list links to it, and odd keys break it."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]


class AdminConfig(apps.AdminConfig):
    """Selects the site."""

    default_site = "pneumatic_dash.admin.AdminSite"


def _without_links(rows: list[Any]) -> list[Any]:
    """Return what Django would delete, nested as it lists it, without the rows that only link two others."""
    links = tuple(
        f"{capfirst(model._meta.verbose_name)}: "
        for model in installed.get_models(include_auto_created=True)
        if model._meta.auto_created
    )
    kept = [_without_links(row) if isinstance(row, list) else row for row in rows]
    return [row for row in kept if row and not (isinstance(row, str) and row.startswith(links))]


def _is_text(value: str) -> bool:
    """Return whether the databases can store ``value``."""
    return "\0" not in value and value.encode("utf-8", "ignore").decode() == value

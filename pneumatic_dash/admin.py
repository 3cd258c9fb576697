"""Django admin as this product runs it: whatever an address says, a list is shown or a reason is given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin import apps
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver


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

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StrictChangeList

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


def _is_text(value: str) -> bool:
    """Return whether the databases can store ``value``."""
    return "\0" not in value and value.encode("utf-8", "ignore").decode() == value

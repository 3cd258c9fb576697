"""Filters of the list of deliveries, and the search in their bodies."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import connection
from django.db.models import BinaryField, Func, IntegerField, Q, QuerySet, Value
from django.db.models.lookups import GreaterThan
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.core.database import clock
from apps.core.identifiers import read_number
from apps.pneumatic.canonical.events import Kind as EventKind
from apps.pneumatic.deliveries import names_of
from apps.webhooks.models import Delivery, Kind

# Bodies have no index, so the search reads the newest deliveries that match the filters.
MAX_SEARCHED = 10_000  # deliveries
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")

Choices = list[tuple[str, Any]]


class EventFilter(admin.SimpleListFilter):
    """By kind of event, under any of its names."""

    title = _("event")
    parameter_name = "kind"
    OTHER = "other"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [*((kind.value, kind.label) for kind in Kind), (self.OTHER, _("other or none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        value = self.value()
        if value == self.OTHER:
            known = [name for kind in EventKind for name in names_of(kind)]
            # Accepted deliveries have known names. With this condition the database uses the index.
            rest = [verdict for verdict in Delivery.Verdict.values if verdict != Delivery.Verdict.ACCEPTED]
            return queryset.filter(verdict__in=rest).exclude(event_name__in=known)
        if value in Kind.values:
            return queryset.filter(event_name__in=names_of(EventKind(value)))
        return queryset


class DeliveryStateFilter(admin.SimpleListFilter):
    """By the result of processing."""

    title = _("status")
    parameter_name = "state"
    FEW = 10_000

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return list(Delivery.State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        value = self.value()
        if value not in Delivery.State.values:
            return queryset
        if value != Delivery.State.PROCESSED:
            # These states have small partial indexes, which cannot be combined with other filters. Where they contain
            # few rows, these are looked up first.
            rare = Delivery.objects.filter(state=value).order_by().values_list("pk", flat=True)
            keys = list(rare[: self.FEW])
            if len(keys) < self.FEW:
                return queryset.filter(pk__in=keys)
        return queryset.filter(state=value)


class AgeFilter(admin.SimpleListFilter):
    """By time of receipt."""

    title = _("age")
    parameter_name = "age"
    SPANS: ClassVar = {
        "hour": (dt.timedelta(hours=1), _("Last hour")),
        "day": (dt.timedelta(days=1), _("Last 24 hours")),
        "week": (dt.timedelta(days=7), _("Last 7 days")),
        "month": (dt.timedelta(days=30), _("Last 30 days")),
    }
    OLDER = "older"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        spans = [(name, label) for name, (_span, label) in self.SPANS.items()]
        return [*spans, (self.OLDER, _("Older than 30 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        value = self.value()
        now = clock.now()
        if value == self.OLDER:
            return queryset.filter(received_at__lt=now - self.SPANS["month"][0])
        if value in self.SPANS:
            return queryset.filter(received_at__gte=now - self.SPANS[value][0])
        return queryset


class NumberFilter(admin.SimpleListFilter):
    """By a number that the user enters; other text matches no row."""

    template = "admin/webhooks/delivery/number_filter.html"
    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("", "")]  # Django hides a filter that has no choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        number = read_number(value)
        return queryset.none() if number is None else queryset.filter(**{self.column: number})

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield the context of the filter's form, with the other filters as hidden fields."""
        others = [
            (name, value)
            for name, values in changelist.filter_params.items()
            for value in values
            if name != self.parameter_name
        ]
        if changelist.query:
            others.append(("q", changelist.query))
        yield {
            "others": others,
            "clear": changelist.get_query_string(remove=[str(self.parameter_name)]),
            "selected": bool(self.value()),
            "display": self.value() or "",
        }


class WorkflowFilter(NumberFilter):
    """By workflow; only processed deliveries have one."""

    title = _("workflow")
    parameter_name = "workflow"
    column = "event__workflow_id"


class TemplateFilter(NumberFilter):
    """By template; only processed deliveries have one."""

    title = _("template")
    parameter_name = "template"
    column = "event__template_id"


class ReplayFilter(NumberFilter):
    """By replay."""

    title = _("replay")
    parameter_name = "replay"
    column = "replays__id"


class OwnWorkflowFilter(WorkflowFilter):
    """Events by workflow."""

    column = "workflow_id"


class OwnTemplateFilter(TemplateFilter):
    """Events by template."""

    column = "template_id"


class _Position(Func):
    """The position of some bytes in others, from 1; 0 when absent."""

    function = "INSTR"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            function="POSITION",
            template="%(function)s(%(expressions)s)",
            arg_joiner=" IN ",
            **context,
        )


def searched(found: QuerySet[Delivery], text: str) -> list[int]:
    """Return the keys of deliveries whose body contains ``text``, among the newest MAX_SEARCHED of ``found``.

    Non-ASCII letters are found plain and escaped (``\\u00e9``). The search is case-sensitive.
    """
    newest = found.order_by("-received_at", "-id").values("pk")[:MAX_SEARCHED]
    fits = Q(pk__in=[])
    for needle in needles(text):
        if connection.vendor == "postgresql":
            position = _Position(Value(needle, output_field=BinaryField()), "body")
        else:
            position = _Position("body", Value(needle, output_field=BinaryField()))
        fits |= Q(GreaterThan(position, 0))
    return list(Delivery.objects.filter(pk__in=newest).filter(fits).values_list("pk", flat=True))


def needles(text: str) -> set[bytes]:
    """Return the spellings of ``text`` in JSON."""
    text = text.encode("utf-8", "ignore").decode("utf-8")
    escaped = json.dumps(text)[1:-1]
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return {form.encode() for form in (text, quoted, escaped, _upper_escapes(escaped))}


def _upper_escapes(escaped: str) -> str:
    """Return JSON text with upper-case escapes, as some senders write them."""
    return _ESCAPE.sub(lambda match: rf"\u{match[1].upper()}", escaped)

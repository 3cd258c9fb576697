"""Deliveries, events and replays in Django admin: to look at, to find, and to process again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.core.templatetags.dash import ago, bytes_
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin
from apps.webhooks import selectors
from apps.webhooks.admin.deliveries import filters as filters
from apps.webhooks.admin.deliveries import pages
from apps.webhooks.admin.deliveries import replay as deliveries_replay
from apps.webhooks.admin.permissions import REPLAY
from apps.webhooks.models import Delivery, Event, Replay


class ShortPaginator(BoundedPaginator):
    """Counts less far: rows carry bodies, and a count that is narrowed reads them."""

    MAX_ROWS = 10_000


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    """What came in, newest first. A row's page, its body and its replays are views of our own."""

    change_list_template = "admin/webhooks/delivery/change_list.html"
    list_display = ("received", "event_name", "verdict", "state", "workflow", "length", "told")
    list_display_links = ("received",)
    list_filter = (
        filters.EventFilter,
        "verdict",
        filters.DeliveryStateFilter,
        filters.AgeFilter,
        filters.WorkflowFilter,
        filters.TemplateFilter,
        filters.ReplayFilter,
    )
    ordering = ("-received_at", "-id")
    sortable_by = ()  # no other order has an index
    search_fields = ("body",)
    search_help_text = _(
        "Text of the body, exactly as it is written there. Of what fits the filters, the newest 10,000 are read: "
        "narrow by age to look further back."
    )
    paginator = ShortPaginator
    actions = ("replay_selected",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return deliveries without what no list shows."""
        found = super().get_queryset(request).select_related("event")
        return found.defer("body", "headers", "event__facts")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        """Find text in bodies."""
        if not search_term:
            return queryset, False
        return queryset.filter(pk__in=filters.searched(queryset, search_term)), False

    def get_urls(self) -> list[URLPattern]:
        """Return the list, and our own pages of a delivery."""
        own = [
            ("window/", deliveries_replay.window, "window"),
            ("<int:delivery_id>/change/", pages.page, "change"),
            ("<int:delivery_id>/body/", pages.body, "body"),
            ("<int:delivery_id>/replay/", deliveries_replay.one, "replay"),
        ]
        return [
            path("", self.admin_site.admin_view(self.changelist_view), name="webhooks_delivery_changelist"),
            *(
                path(route, self.admin_site.admin_view(view), name=f"webhooks_delivery_{name}")
                for route, view, name in own
            ),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list under what waits to be processed."""
        extra = {
            "backlog": selectors.backlog(),
            "may_replay": self.has_replay_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, extra)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Say who may have deliveries processed again."""
        return request.user.has_perm(REPLAY)

    @admin.action(description=_("Process selected deliveries again"), permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse:
        """Ask, then replay."""
        return deliveries_replay.selected(request, queryset)

    @admin.display(description=_("received"))
    def received(self, delivery: Delivery) -> SafeString | str:
        return ago(delivery.received_at)

    @admin.display(description=_("workflow"))
    def workflow(self, delivery: Delivery) -> SafeString | str:
        if delivery.event is None:
            return ""
        number = delivery.event.workflow_id
        return format_html('<a href="?workflow={}">{}</a>', number, number)

    @admin.display(description=_("size"))
    def length(self, delivery: Delivery) -> str:
        return bytes_(delivery.size)

    @admin.display(description=_("same event"))
    def told(self, delivery: Delivery) -> str:
        """Return how often the event was told."""
        count = delivery.event.deliveries_count if delivery.event else 0
        return ngettext("once", "%(count)d times", count) % {"count": count} if count else ""


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """What happened in workflows, newest first as it was first heard of."""

    change_list_template = "admin/webhooks/event/change_list.html"
    list_display = (
        "heard",
        "kind",
        "workflow_id",
        "template_id",
        "task_id",
        "occurred_at",
        "deliveries_count",
    )
    list_display_links = ("heard",)
    list_filter = ("kind", filters.OwnWorkflowFilter, filters.OwnTemplateFilter)
    ordering = ("-id",)
    sortable_by = ()
    paginator = ShortPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Return events without what no list shows."""
        return super().get_queryset(request).defer("facts")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show an event on a page of our own."""
        return pages.event(request, event_id=object_id)

    @admin.display(description=_("first received"))
    def heard(self, event: Event) -> SafeString | str:
        return ago(event.first_received_at)


@admin.register(Replay)
class ReplayAdmin(ReadOnlyAdmin[Replay]):
    """Who had what processed again, newest first."""

    change_list_template = "admin/webhooks/event/change_list.html"
    list_display = ("asked", "requested_by", "criteria", "count", "is_forced")
    list_display_links = ("asked",)
    list_select_related = ("requested_by",)
    ordering = ("-id",)
    sortable_by = ()
    paginator = ShortPaginator
    fields = ("requested_at", "requested_by", "criteria", "count", "is_forced", "how_far", "which")
    readonly_fields = ("how_far", "which")

    @admin.display(description=_("asked"))
    def asked(self, replay: Replay) -> SafeString | str:
        return ago(replay.requested_at)

    @admin.display(description=_("how far"))
    def how_far(self, replay: Replay) -> str:
        """Return what has become of the deliveries."""
        return ", ".join(
            f"{number:,} {label}" for label, number in deliveries_replay.states_of(replay)
        ) or _t("nothing")

    @admin.display(description=_("deliveries"))
    def which(self, replay: Replay) -> SafeString:
        """Return a link to those that are still kept."""
        url = f"{reverse('admin:webhooks_delivery_changelist')}?replay={replay.pk}"
        return format_html('<a href="{}">{}</a>', url, _t("Show them"))

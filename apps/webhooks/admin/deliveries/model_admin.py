"""Deliveries, events and replays in Django admin: view, search and replay."""

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
from apps.pneumatic.deliveries import kind_of
from apps.sync.readonly import BoundedPaginator, ReadOnlyAdmin
from apps.webhooks import selectors
from apps.webhooks.admin.deliveries import filters as filters
from apps.webhooks.admin.deliveries import pages
from apps.webhooks.admin.deliveries import replay as deliveries_replay
from apps.webhooks.admin.permissions import REPLAY
from apps.webhooks.models import Delivery, Event, Kind, Replay


class ShortPaginator(BoundedPaginator):
    """Has a lower limit, as a filtered count reads rows with their bodies."""

    MAX_ROWS = 10_000


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin[Delivery]):
    """Deliveries, newest first. The pages of one delivery are separate views."""

    change_list_template = "admin/webhooks/delivery/change_list.html"
    list_display = ("received", "named", "verdict", "state", "workflow", "length", "deliveries_of_event")
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
        "Exact text of the body. The search reads the newest 10,000 matching deliveries: filter by age to search older "
        "ones."
    )
    paginator = ShortPaginator
    actions = ("replay_selected",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        found = super().get_queryset(request).select_related("event")
        return found.defer("body", "headers", "event__facts")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(pk__in=filters.searched(queryset, search_term)), False

    def get_urls(self) -> list[URLPattern]:
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
        """Show the backlog above the list."""
        extra = {
            "backlog": selectors.backlog(),
            "may_replay": self.has_replay_permission(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, extra)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may replay; Django calls it for the action's permission."""
        return request.user.has_perm(REPLAY)

    @admin.action(description=_("Replay selected deliveries"), permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse:
        return deliveries_replay.selected(request, queryset)

    @admin.display(description=_("received"))
    def received(self, delivery: Delivery) -> SafeString | str:
        return ago(delivery.received_at)

    @admin.display(description=_("event"))
    def named(self, delivery: Delivery) -> SafeString | str:
        """Return the event as text, with its name in the API."""
        kind = kind_of(delivery.event_name)
        if kind is None:
            return delivery.event_name
        return format_html('{}<div class="quiet">{}</div>', Kind(kind.value).label, delivery.event_name)

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
    def deliveries_of_event(self, delivery: Delivery) -> str:
        count = delivery.event.deliveries_count if delivery.event else 0
        return ngettext("once", "%(count)d times", count) % {"count": count} if count else ""


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """Events, the latest received first."""

    change_list_template = "admin/webhooks/event/change_list.html"
    list_display = (
        "first_received",
        "kind",
        "workflow_id",
        "template_id",
        "task_id",
        "occurred_at",
        "deliveries_count",
    )
    list_display_links = ("first_received",)
    list_filter = ("kind", filters.OwnWorkflowFilter, filters.OwnTemplateFilter)
    ordering = ("-id",)
    sortable_by = ()
    paginator = ShortPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).defer("facts")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return pages.event(request, event_id=object_id)

    @admin.display(description=_("first received"))
    def first_received(self, event: Event) -> SafeString | str:
        return ago(event.first_received_at)


@admin.register(Replay)
class ReplayAdmin(ReadOnlyAdmin[Replay]):
    """Replays, newest first."""

    change_list_template = "admin/webhooks/event/change_list.html"
    list_display = ("requested", "requested_by", "criteria", "count", "is_forced")
    list_display_links = ("requested",)
    list_select_related = ("requested_by",)
    ordering = ("-id",)
    sortable_by = ()
    paginator = ShortPaginator
    fields = ("requested_at", "requested_by", "criteria", "count", "is_forced", "progress", "links")
    readonly_fields = ("progress", "links")

    @admin.display(description=_("requested"))
    def requested(self, replay: Replay) -> SafeString | str:
        return ago(replay.requested_at)

    @admin.display(description=_("progress"))
    def progress(self, replay: Replay) -> str:
        """Return the deliveries by status."""
        return ", ".join(
            f"{number:,} {label}" for label, number in deliveries_replay.states_of(replay)
        ) or _t("none")

    @admin.display(description=_("stored deliveries"))
    def links(self, replay: Replay) -> SafeString:
        """Return a link to the deliveries that were not pruned."""
        url = f"{reverse('admin:webhooks_delivery_changelist')}?replay={replay.pk}"
        return format_html('<a href="{}">{}</a>', url, _t("Show deliveries"))

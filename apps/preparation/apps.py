from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreparationConfig(AppConfig):
    name = "apps.preparation"
    label = "preparation"
    verbose_name = _("Prepared launches")

    def ready(self) -> None:
        """Register the kinds of prepared launches, and the check of all of them after each sync."""
        from apps.launches.uploads.services import register_reservations
        from apps.preparation import recheck, registry
        from apps.preparation.models import Draft
        from apps.sync.registry import register_follow_up

        registry.register(Draft)
        register_reservations(Draft.objects.all)
        register_follow_up(recheck.check_all)

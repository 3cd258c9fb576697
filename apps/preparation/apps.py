from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreparationConfig(AppConfig):
    name = "apps.preparation"
    label = "preparation"
    verbose_name = _("Prepared launches")

    def ready(self) -> None:
        """Register the kinds of prepared launches, their check after each sync, and what the launch form gets."""
        from apps.core import periodic
        from apps.core.processes import retention
        from apps.launches.dispatch.services import register_on_start
        from apps.launches.uploads.services import register_reservations
        from apps.launches.views.extensions import register_extension
        from apps.preparation import recheck, registry
        from apps.preparation.drafts import services as drafts
        from apps.preparation.drafts.form import DraftInForm
        from apps.preparation.models import Draft, Preset
        from apps.preparation.presets import services as presets
        from apps.preparation.presets.form import PresetsInForm
        from apps.preparation.presets.panels import private_fields_panel
        from apps.sync.registry import register_follow_up
        from apps.workflow_templates.panels import register_panel

        registry.register(Draft.objects.active)
        registry.register(Preset.objects.all)
        register_follow_up(recheck.check_all)
        register_reservations(Draft.objects.all)
        register_extension(PresetsInForm())
        register_extension(DraftInForm())
        register_on_start(drafts.end)
        register_on_start(presets.record_use)
        register_panel(private_fields_panel)
        periodic.register("drafts", drafts.warn, seconds=drafts.WARNING_INTERVAL_SECONDS)
        retention.register("drafts", drafts.old_drafts)

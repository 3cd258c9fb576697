from __future__ import annotations

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class DashboardConfig(AppConfig):
    name = "apps.dashboard"
    label = "dashboard"
    verbose_name = _("Dashboard")

    def ready(self) -> None:
        """Name the table of a library as other pages do; its migrations keep their words."""
        tasks = apps.get_app_config("django_tasks_database")
        tasks.verbose_name = self.verbose_name
        opts = tasks.get_model("DBTaskResult")._meta
        opts.verbose_name, opts.verbose_name_plural = _("background task"), _("background tasks")

"""Every address of the dashboard; each app owns the paths below its name."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

handler400 = "apps.launches.views.recovery.bad_request"
handler500 = "apps.core.database.unavailable.server_error"
handler403 = "apps.accounts.views.permission_denied"

urlpatterns = [
    path("", include("apps.accounts.urls")),
    path("", include("apps.dashboard.urls")),
    path("", include("apps.preparation.urls")),
    path("", include("apps.launches.urls")),
    path("", include("apps.kickoff.urls")),
    path("", include("apps.workflows.urls")),
    path("", include("apps.workflow_templates.urls")),
    path("", include("apps.sync.urls")),
    path("admin/", admin.site.urls),
]

from __future__ import annotations

from django.urls import path

from apps.workflow_templates import views

urlpatterns = [
    path("templates/", views.template_list, name="template-list"),
    path("templates/<int:template_id>/", views.template_detail, name="template-detail"),
    path(
        "templates/<int:template_id>/versions/<int:number>/", views.template_version, name="template-version"
    ),
]

from __future__ import annotations

from django.urls import path

from apps.workflows import views

urlpatterns = [
    path("workflows/", views.workflow_list, name="workflow-list"),
    path("workflows/export.csv", views.workflow_csv, name="workflow-csv"),
    path("workflows/<int:workflow_id>/", views.workflow_detail, name="workflow-detail"),
    path("workflows/<int:workflow_id>/events/<int:event_id>/", views.workflow_event, name="workflow-event"),
]

from __future__ import annotations

from django.urls import path

from apps.sync import views

urlpatterns = [
    path("sync/", views.page, name="sync"),
    path("sync/live/", views.live, name="sync-live"),
    path("sync/start/", views.start, name="sync-start"),
]

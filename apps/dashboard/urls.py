from __future__ import annotations

from django.urls import path

from apps.dashboard import views

urlpatterns = [
    path("", views.home, name="dashboard"),
    path("search/", views.search, name="search"),
]

"""Addresses that the scripts of a form ask."""

from __future__ import annotations

from django.urls import path

from apps.kickoff import views

urlpatterns = [
    path("people/", views.people_search, name="people-search"),
    path("templates/<int:template_id>/options/", views.options_search, name="kickoff-options"),
]

from __future__ import annotations

from django.urls import URLPattern

# The receiver's address stands in none: see middleware.py.
urlpatterns: list[URLPattern] = []

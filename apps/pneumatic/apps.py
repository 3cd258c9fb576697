from __future__ import annotations

from django.apps import AppConfig


class PneumaticConfig(AppConfig):
    name = "apps.pneumatic"
    label = "pneumatic"

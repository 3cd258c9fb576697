from __future__ import annotations

from django.apps import AppConfig


class KickoffConfig(AppConfig):
    name = "apps.kickoff"
    label = "kickoff"

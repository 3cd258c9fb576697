"""Prepared launches: each kind is a model."""

from __future__ import annotations

from apps.preparation.models.draft import Draft
from apps.preparation.models.prepared import PreparedLaunch
from apps.preparation.models.preset import Preset, PresetUse, PrivateField

__all__ = ["Draft", "PreparedLaunch", "Preset", "PresetUse", "PrivateField"]

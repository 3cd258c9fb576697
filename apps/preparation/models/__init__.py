"""Prepared launches: each kind is a model."""

from __future__ import annotations

from apps.preparation.models.draft import Draft
from apps.preparation.models.prepared import PreparedLaunch

__all__ = ["Draft", "PreparedLaunch"]

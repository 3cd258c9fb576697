"""Filters of the catalogue's templates: ``{% load catalogue %}``."""

from __future__ import annotations

from django import template

from apps.core.text.excerpt import in_one_line
from apps.workflow_templates.selectors import EXCERPT

register = template.Library()


@register.filter
def plain(excerpt: str) -> str:
    """Return the beginning of a description (``selectors``) as one line of text."""
    return in_one_line(excerpt, is_cut=len(excerpt) >= EXCERPT)

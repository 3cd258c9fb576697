"""Filters of the catalogue's templates: ``{% load catalogue %}``."""

from __future__ import annotations

from django import template

from apps.workflow_templates import words

register = template.Library()

register.filter("plain", words.plain)

"""What the catalogue's templates need beyond ``{% load dash %}``."""

from __future__ import annotations

from django import template

from apps.workflow_templates import words

register = template.Library()

register.filter("plain", words.plain)

"""The page System in Django admin."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class System(models.Model):
    """No rows and no table: gives the page System its place in Django admin and its permission."""

    class Meta:
        managed = False
        default_permissions = ("view",)
        verbose_name = _("system")
        verbose_name_plural = _("system")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

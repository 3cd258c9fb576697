"""Answers that are used again, and the fields whose answers are not offered again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.preparation.models.prepared import PreparedLaunch
from apps.workflow_templates.models import Template

MAX_TITLE_CHARACTERS = 100


class Preset(PreparedLaunch):
    """Answers under a name, without files and due date, for its owner or for the team.

    Forms open with the default: that of the user, else that of the team.
    """

    must_be_complete = False

    name = models.CharField(_("name"), max_length=MAX_TITLE_CHARACTERS)
    is_default = models.BooleanField(_("default"), default=False)

    class Meta:
        verbose_name = _("preset")
        verbose_name_plural = _("presets")
        permissions = [
            ("share_preset", "Can share presets with the team, and change those that are shared"),
            ("manage_recent_values", "Can choose the fields whose recent values are not offered"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "template", "name"], name="preset_name"),
            models.UniqueConstraint(
                fields=["owner", "template"],
                condition=Q(is_default=True, visibility="owner"),
                name="preset_default_of_owner",
            ),
            models.UniqueConstraint(
                fields=["template"],
                condition=Q(is_default=True, visibility="team"),
                name="preset_default_of_team",
            ),
        ]

    @property
    def title(self) -> str:
        """The name that it was saved under."""
        return self.name

    @property
    def is_shared(self) -> bool:
        """Whether the team sees it."""
        return self.visibility == self.Visibility.TEAM

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("preset-detail", args=[self.pk])


class PresetUse(models.Model):
    """How often a user launched a form that a preset filled in."""

    preset = models.ForeignKey(Preset, models.CASCADE, related_name="uses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    launches = models.PositiveIntegerField(default=1)
    last_used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["preset", "user"], name="preset_use_once")]

    def __str__(self) -> str:
        return f"{self.user_id} used {self.preset_id} {self.launches} times"


class PrivateField(models.Model):
    """A field of a template whose recent values are not offered: it may hold personal data."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="+")
    api_name = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "api_name"], name="private_field_once")]

    def __str__(self) -> str:
        return self.api_name

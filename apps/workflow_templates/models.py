"""The mirror of Pneumatic's templates and of every version of their kickoff forms."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Template(models.Model):
    """A template as the last sync saw it. The primary key is Pneumatic's id; ``removed_at`` marks one that is gone.

    The large JSON columns stand last: SQLite then reads what lists need without walking through them.
    """

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    is_active = models.BooleanField(_("active"))
    finalizable = models.BooleanField(_("can be finished at any stage"), default=False)
    date_updated = models.DateTimeField(_("updated in Pneumatic"), null=True, blank=True)
    updated_by_id = models.BigIntegerField(_("updated by"), null=True, blank=True)  # a Pneumatic user id
    tasks_count = models.PositiveIntegerField(_("tasks"), default=0)
    performers_count = models.PositiveIntegerField(_("performers"), default=0)
    # How the template's author wants workflows to be called: {{...}} is what the server puts in, '' is nothing special.
    workflow_name = models.TextField(_("name of workflows"), blank=True, default="")
    fields_count = models.PositiveIntegerField(_("kickoff fields"), default=0)
    # What lists are filtered, searched and sorted by; ``searching`` says how these are made.
    field_types = models.TextField(editable=False)
    order_key = models.CharField(max_length=128, editable=False)
    search = models.TextField(editable=False)
    first_seen_at = models.DateTimeField(_("first seen"))
    changed_at = models.DateTimeField(_("last change seen"))
    removed_at = models.DateTimeField(_("gone since"), null=True, blank=True)
    current_version = models.ForeignKey(
        "TemplateVersion", models.PROTECT, null=True, related_name="+", verbose_name=_("current version")
    )
    content_hash = models.CharField(max_length=64)
    description = models.TextField(_("description"), blank=True)
    tasks = models.JSONField(default=list)  # canonical: list of schemas.Task as JSON
    raw = models.JSONField()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        indexes = [
            models.Index(fields=["order_key", "id"], name="template_order"),
            models.Index(
                fields=["order_key", "id"],
                condition=models.Q(removed_at__isnull=False),
                name="template_removed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """One state of a template's kickoff form. Never changed once written; launches point here."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))  # 1, 2, 3 ... in the order seen
    content_hash = models.CharField(max_length=64)
    kickoff = models.JSONField(_("kickoff form"))  # canonical: schemas.Kickoff as JSON
    first_seen_at = models.DateTimeField(_("first seen"))

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        ordering = ["template_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "content_hash"], name="template_version_content"),
            models.UniqueConstraint(fields=["template", "number"], name="template_version_number"),
        ]

    def __str__(self) -> str:
        return gettext("Version %(number)s") % {"number": self.number}


class RunAllowed(models.Model):
    """A Pneumatic user who may run a template (``run_allowed``)."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="run_allowed")
    pneumatic_user_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pneumatic_user_id", "template"], name="run_allowed_once")
        ]

    def __str__(self) -> str:
        return f"{self.pneumatic_user_id} may run {self.template_id}"


class TemplateUse(models.Model):
    """How often somebody launched a template; what the catalogue sorts by. Written by ``launches``."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="template_uses")
    template = models.ForeignKey(Template, models.CASCADE, related_name="uses")
    launches = models.PositiveIntegerField(default=0)
    last_launched_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "template"], name="template_use_once")]
        indexes = [models.Index(fields=["user", "-launches"], name="template_use_most")]

    def __str__(self) -> str:
        return f"{self.user_id} launched {self.template_id} {self.launches} times"

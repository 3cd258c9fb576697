"""The mirror of Pneumatic's templates and of every version of their kickoff forms."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.text.visible import first_visible


class Template(models.Model):
    """A template as of the last sync. The primary key is Pneumatic's id; ``removed_at`` is set when it was deleted.

    The large JSON columns are last: SQLite reads the columns before them without reading these.
    """

    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(_("name"))
    is_active = models.BooleanField(_("active"))
    finalizable = models.BooleanField(_("can be completed at any task"), default=False)
    date_updated = models.DateTimeField(_("updated in Pneumatic"), null=True, blank=True)
    updated_by_id = models.BigIntegerField(_("updated by"), null=True, blank=True)  # a Pneumatic user id
    tasks_count = models.PositiveIntegerField(_("tasks"), default=0)
    performers_count = models.PositiveIntegerField(_("performers"), default=0)
    # The template's pattern for names of workflows: the server replaces {{...}}; '' where there is no pattern.
    workflow_name = models.TextField(_("workflow name pattern"), blank=True, default="")
    fields_count = models.PositiveIntegerField(_("kickoff fields"), default=0)
    # For filters, search and order of lists: ``searching`` computes them.
    field_types = models.TextField(editable=False)
    order_key = models.CharField(max_length=128, editable=False)
    search = models.TextField(editable=False)
    first_seen_at = models.DateTimeField(_("first synced"))
    changed_at = models.DateTimeField(_("last updated"))
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)
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
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The name, or the id where nothing of the name can be seen."""
        return first_visible(self.name) or gettext("Template %(id)s") % {"id": self.pk}


class TemplateVersion(models.Model):
    """One state of a template's kickoff form. Never changed after it was written; launches refer to it."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))  # 1, 2, 3 ... in the order of the syncs
    content_hash = models.CharField(max_length=64)
    kickoff = models.JSONField(_("kickoff form"))  # canonical: schemas.Kickoff as JSON
    first_seen_at = models.DateTimeField(_("first synced"))

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
    """How often a user launched a template; the catalogue sorts by it. Written by ``launches``."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="template_uses")
    template = models.ForeignKey(Template, models.CASCADE, related_name="uses")
    launches = models.PositiveIntegerField(default=0)
    last_launched_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "template"], name="template_use_once")]
        indexes = [models.Index(fields=["user", "-launches"], name="template_use_most")]

    def __str__(self) -> str:
        return f"{self.user_id} launched {self.template_id} {self.launches} times"

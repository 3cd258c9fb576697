"""Workflows, as their events tell them. Rows are projections: derived from events, written by nobody else."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Workflow(models.Model):
    """One workflow of Pneumatic, whoever started it.

    Everything but ``launched_by`` and ``last_heard_at`` is a pure function of the set of the workflow's events
    (``projection.py``). ``history`` is the timeline in the projection's own JSON; ``is_state_seen`` is False where the
    state was only inferred, ``has_gaps`` says that events are missing. ``changed_at`` is when anything of the row was
    last written, ``launched_by`` included: pages that are open ask for it to know whether to show themselves anew.

    The history stands last: SQLite then reads what lists need without walking through it.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        COMPLETED = "completed", _("completed")
        TERMINATED = "terminated", _("terminated")
        SNOOZED = "snoozed", _("snoozed")
        DELETED = "deleted", _("deleted in Pneumatic")  # found so when we asked: no event tells it
        UNKNOWN = "unknown", _("unknown")

    id = models.BigIntegerField(primary_key=True)  # Pneumatic's
    name = models.TextField(_("name"))
    search = models.TextField(editable=False)  # ``searching.search_text`` of the name
    template_id = models.BigIntegerField(_("template"), null=True, blank=True)
    template_name = models.TextField(_("template"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State)
    is_state_seen = models.BooleanField(default=True)
    has_gaps = models.BooleanField(_("events are missing"), default=False)
    # The number of the current task; of several at once that of the first. Their names are joined with commas.
    step = models.PositiveIntegerField(_("step"), null=True, blank=True)
    task_name = models.TextField(_("current task"), blank=True)
    task_since = models.DateTimeField(_("since"), null=True, blank=True)
    holders = models.JSONField(_("performers"), default=list)  # of the current tasks, see ``projection.py``
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    digest = models.CharField(max_length=64)  # of all that is projected
    events_count = models.PositiveIntegerField(_("events"), default=0)
    last_heard_at = models.DateTimeField(_("last heard"))
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    history = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("workflow")
        verbose_name_plural = _("workflows")
        indexes = [
            # With all that a search reads: no row is touched before its name fits.
            models.Index(fields=["-last_heard_at", "-id", "search"], name="workflow_newest"),
            models.Index(fields=["state", "-last_heard_at", "-id"], name="workflow_by_state"),
            models.Index(fields=["template_id", "-last_heard_at", "-id"], name="workflow_by_template"),
            models.Index(fields=["launched_by", "-last_heard_at", "-id"], name="workflow_by_person"),
            models.Index(
                fields=["-last_heard_at", "-id"],
                name="workflow_with_gaps",
                condition=models.Q(has_gaps=True),
            ),
            models.Index(fields=["-started_at", "-id"], name="workflow_by_start"),
            models.Index(fields=["-changed_at"], name="workflow_changed"),
        ]

    def __str__(self) -> str:
        return self.name


class Holder(models.Model):
    """Who holds a workflow's current tasks now, a person or a group of them; derived, for the filter "held by"."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="holder_rows")
    person_id = models.BigIntegerField()  # of a Pneumatic user, or of a group
    name = models.TextField()
    is_group = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id", "workflow", "is_group"], name="workflow_holder_once")
        ]

    def __str__(self) -> str:
        return self.name


class Reconciliation(models.Model):
    """When workflows were last compared with Pneumatic's, and what came of it: one row.

    ``begun_at`` and ``looked_at`` are when a worker last began to compare, and to look at the youngest: so no two of
    them do it at once. ``healed`` and ``left`` (for the next time) are workflows.
    """

    ONLY = 1  # its primary key

    begun_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(_("last compared"), null=True, blank=True)
    healed = models.PositiveIntegerField(_("brought up to date"), default=0)
    left = models.PositiveIntegerField(_("left for the next time"), default=0)
    error = models.TextField(_("error"), blank=True)  # of the last attempt

    class Meta:
        default_permissions = ()
        verbose_name = _("comparison with Pneumatic")
        verbose_name_plural = _("comparisons with Pneumatic")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

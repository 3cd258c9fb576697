"""Workflows as projected from their events. No other code writes these rows."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from apps.core.text.visible import first_visible


class Workflow(models.Model):
    """A workflow of Pneumatic, started by this dashboard or outside it.

    Everything except ``launched_by`` and ``last_event_at`` is a pure function of the set of the workflow's events
    (``projection/projector.py``). ``history`` is the timeline as JSON; ``is_state_confirmed`` is False where the status
    is only inferred; ``has_gaps`` is True where events are missing. ``changed_at`` is the last write to any column,
    including ``launched_by``: open pages poll it to decide whether to refresh.

    The history is the last column, so that SQLite reads what lists need without reading it.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        COMPLETED = "completed", _("completed")
        TERMINATED = "terminated", _("terminated")
        SNOOZED = "snoozed", _("snoozed")
        DELETED = "deleted", _("deleted in Pneumatic")  # read from Pneumatic: it sends no event for deletions
        UNKNOWN = "unknown", _("unknown")

    id = models.BigIntegerField(primary_key=True)  # Pneumatic's
    name = models.TextField(_("name"))
    search = models.TextField(editable=False)  # ``projector.search_text`` of the name
    template_id = models.BigIntegerField(_("template"), null=True, blank=True)
    template_name = models.TextField(_("template"), blank=True)
    state = models.CharField(_("status"), max_length=10, choices=State)
    is_state_confirmed = models.BooleanField(default=True)
    has_gaps = models.BooleanField(_("events are missing"), default=False)
    # The number of the current task; of several at once that of the first. Their names are joined with commas.
    step = models.PositiveIntegerField(_("step"), null=True, blank=True)
    task_name = models.TextField(_("current task"), blank=True)
    task_since = models.DateTimeField(_("since"), null=True, blank=True)
    performers = models.JSONField(_("performers"), default=list)  # of the current tasks, see ``Projection``
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    digest = models.CharField(max_length=64)  # of all that is projected
    lacks_doers = models.BooleanField(default=False, editable=False)  # Pneumatic may know who did something
    events_count = models.PositiveIntegerField(_("events"), default=0)
    last_event_at = models.DateTimeField(_("last event"))
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
            # Covers all that a search reads: a row is read only when its name matches.
            models.Index(fields=["-last_event_at", "-id", "search"], name="workflow_newest"),
            models.Index(fields=["state", "-last_event_at", "-id"], name="workflow_by_state"),
            models.Index(fields=["template_id", "-last_event_at", "-id"], name="workflow_by_template"),
            models.Index(fields=["launched_by", "-last_event_at", "-id"], name="workflow_by_person"),
            models.Index(
                fields=["-last_event_at", "-id"],
                name="workflow_with_gaps",
                condition=models.Q(has_gaps=True),
            ),
            models.Index(fields=["-started_at", "-id"], name="workflow_by_start"),
            models.Index(fields=["-changed_at"], name="workflow_changed"),
            models.Index(
                fields=["-last_event_at", "-id"],
                name="workflow_without_doers",
                condition=models.Q(lacks_doers=True),
            ),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The name, or the id where nothing of the name can be seen: events may have any name."""
        return shown_name(self.pk, self.name)

    @property
    def shown_task(self) -> str:
        """The names of the current tasks of which something can be seen."""
        return visible_names(self.task_name)


def shown_name(pk: int, name: str) -> str:
    """Return what the workflow ``pk`` is called on pages and in files."""
    return first_visible(name) or _t("Workflow %(id)s") % {"id": pk}


def visible_names(joined: str) -> str:
    """Return ``Workflow.task_name`` without the names of which nothing can be seen."""
    return ", ".join(filter(first_visible, joined.split(", ")))


class Holder(models.Model):  # words: ok
    """A performer of a workflow's current tasks, a user or a group; derived, for the filter "Assigned to"."""

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="performer_rows")
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
    """The last comparison of workflows with Pneumatic and its result: a single row.

    ``started_at`` is when a worker last started a round and ``newest_checked_at`` when it last checked the newest
    workflows: no two workers do either at once. ``updated`` and ``remaining`` (left for the next check) are numbers of
    workflows.
    """

    ONLY = 1  # its primary key

    started_at = models.DateTimeField(null=True, blank=True)
    newest_checked_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(_("last compared"), null=True, blank=True)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    remaining = models.PositiveIntegerField(_("left for the next check"), default=0)
    error = models.TextField(_("error"), blank=True)  # of the last attempt

    class Meta:
        default_permissions = ()
        verbose_name = _("comparison with Pneumatic")
        verbose_name_plural = _("comparisons with Pneumatic")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

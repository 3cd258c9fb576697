"""The record of every synchronisation, which is also the lock that keeps it single."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SyncRun(models.Model):
    """One run of the sync. At most one row is ``running``: the database says so, for all processes.

    A run that was killed is recognised by its process being gone, or by ``heartbeat_at`` having grown old; the next run
    marks it ``abandoned``. Before it writes, a run checks that it is still the running one.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        REFUSED = "refused", _("refused")
        ABANDONED = "abandoned", _("stopped midway")

    state = models.CharField(_("state"), max_length=12, choices=State, default=State.RUNNING)
    trigger = models.CharField(_("started from"), max_length=20)  # "command", "page", "demo"
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("started by")
    )
    started_at = models.DateTimeField(_("started"), db_index=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    dry_run = models.BooleanField(_("only looked"), default=False)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="running"), name="sync_one_running")
        ]
        permissions = [("run_sync", "Can start a sync")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} {self.get_state_display()}"


class SyncResult(models.Model):
    """What one run did to one resource ("templates", "users"); ``seconds`` is wall time, ``requests`` are HTTP calls."""

    class State(models.TextChoices):
        FETCHING = "fetching", _("fetching")
        WRITING = "writing", _("writing")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        REFUSED = "refused", _("refused")

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="results")
    resource = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=State, default=State.FETCHING)
    fetched = models.PositiveIntegerField(default=0)  # progress while running: objects so far
    expected = models.PositiveIntegerField(null=True)  # of how many, where the server told
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    # {"added": [[id, name], ...], "changed": [...], "removed": [...]}, at most 100 of each
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["resource", "state", "-finished_at"], name="sync_result_freshness")]

    def __str__(self) -> str:
        return f"{self.resource}: {self.get_state_display()}"

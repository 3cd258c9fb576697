"""Records of every sync, which are also the lock that allows one at a time; and what is known of the server."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

# The end of a ``badge--`` class, by status of a run or of a result; all others are errors.
_TONES: dict[str, str] = {
    "done": "ok",
    **dict.fromkeys(("queued", "running", "fetching", "writing"), "info"),
    **dict.fromkeys(("incomplete", "refused"), "warn"),
    **dict.fromkeys(("forbidden", "absent"), "quiet"),
}


class SyncRun(models.Model):
    """One run of the sync. A constraint of the database allows at most one row that is ``running``.

    A run was killed when its process no longer exists, or when ``heartbeat_at`` is old; the next run marks it
    ``abandoned``. Before it writes, a run checks that it is still the running one (``runs.py``).
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting for a worker")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        INCOMPLETE = "incomplete", _("incomplete")
        FAILED = "failed", _("failed")
        REFUSED = "refused", _("refused")
        ABANDONED = "abandoned", _("interrupted")

    class Trigger(models.TextChoices):
        COMMAND = "command", _("command line")
        PAGE = "page", _("sync page")

    state = models.CharField(_("status"), max_length=12, choices=State, default=State.RUNNING)
    trigger = models.CharField(_("started from"), max_length=20, choices=Trigger)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    started_at = models.DateTimeField(_("started"), db_index=True)
    heartbeat_at = models.DateTimeField(_("last heartbeat"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    host = models.CharField(_("host"), max_length=255, blank=True)
    pid = models.PositiveIntegerField(_("process"), default=0)
    process = models.CharField(max_length=200, blank=True, editable=False)  # processes.Process.identity
    dry_run = models.BooleanField(_("dry run"), default=False)
    allow_removals = models.BooleanField(_("removals confirmed"), default=False)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("sync run")
        verbose_name_plural = _("sync runs")
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="running"), name="sync_one_running"
            ),
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="queued"), name="sync_one_queued"
            ),
        ]
        permissions = [("run_sync", "Can start a sync")]

    def __str__(self) -> str:
        started = date_format(timezone.localtime(self.started_at), "DATETIME_FORMAT")
        return f"{started}, {self.get_state_display()}"

    @property
    def tone(self) -> str:
        """The end of a ``badge--`` class."""
        return _TONES.get(self.state, "bad")


class SyncResult(models.Model):
    """What one run did to one resource ("templates", "users").

    ``seconds`` is wall time, ``requests`` are HTTP calls. In a dry run the counts are what would have been done.
    """

    class State(models.TextChoices):
        FETCHING = "fetching", _("fetching")
        WRITING = "writing", _("writing")
        DONE = "done", _("done")
        INCOMPLETE = "incomplete", _("incomplete")  # done, except for objects that cannot be read
        FAILED = "failed", _("failed")
        REFUSED = "refused", _("refused")
        FORBIDDEN = "forbidden", _("not allowed")  # with this API key; nothing else depends on the resource
        ABSENT = "absent", _("not supported")  # requested by name; the server does not have the resource

    # The resource was compared with Pneumatic, and what differed was written.
    COMPARED = (State.DONE, State.INCOMPLETE)

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="results", verbose_name=_("run"))
    resource = models.CharField(_("resource"), max_length=40)
    state = models.CharField(_("status"), max_length=12, choices=State, default=State.FETCHING)
    fetched = models.PositiveIntegerField(_("fetched"), default=0)  # progress while running: objects so far
    expected = models.PositiveIntegerField(_("expected"), null=True)  # of how many, where the server says so
    added = models.PositiveIntegerField(_("added"), default=0)
    changed = models.PositiveIntegerField(_("updated"), default=0)
    removed = models.PositiveIntegerField(_("removed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True)
    error = models.TextField(_("error"), blank=True)
    # {"added": [[id, name], ...], "changed": [...], "removed": [...]}, at most 100 of each
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("sync result")
        verbose_name_plural = _("sync results")
        ordering = ["id"]
        indexes = [models.Index(fields=["resource", "state", "-finished_at"], name="sync_result_freshness")]

    def __str__(self) -> str:
        return f"{self.resource}: {self.get_state_display()}"

    @property
    def tone(self) -> str:
        """The end of a ``badge--`` class."""
        return _TONES.get(self.state, "bad")


class ServerFinding(models.Model):
    """The dialect of the API that was detected at an address, and the user of the API key (``known_server.py``)."""

    api_url = models.CharField(_("address"), max_length=500, unique=True)
    dialect = models.CharField(_("API dialect"), max_length=40)
    found_at = models.DateTimeField(_("detected"))
    key_fingerprint = models.CharField(
        max_length=64, editable=False
    )  # differs for each API key and does not reveal it
    # [id, e-mail, name, is admin, is account owner, time zone], in the order of schemas.KeyHolder
    holder = models.JSONField(_("user of the API key"), null=True)  # words: ok - the holder of a key

    holder_asked_at = models.DateTimeField(_("user of the API key checked"), null=True, blank=True)

    # The key that the server did not accept last; '' for none.
    rejected_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    rejected_at = models.DateTimeField(_("API key rejected"), null=True, blank=True)
    features = models.JSONField(_("features"), null=True)  # what it reads in a launch: canonical/features.py

    class Meta:
        verbose_name = _("server")
        verbose_name_plural = _("servers")

    def __str__(self) -> str:
        return self.api_url

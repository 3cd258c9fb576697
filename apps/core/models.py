"""The worker's processes, as they report themselves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkerProcess(models.Model):
    """A process of ``manage.py worker``; ``processes/heartbeat.py`` writes the row.

    Times are by the database's clock: those of several machines can then be compared. ``rounds`` is
    ``{job: {"seconds": of the round that runs, or null, "failures": in a row}}`` at the last heartbeat.
    """

    id = models.CharField(max_length=32, primary_key=True)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process"))
    version = models.CharField(_("version"), max_length=40)
    started_at = models.DateTimeField(_("started"))
    heartbeat_at = models.DateTimeField(_("last heartbeat"), db_index=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True)
    rounds = models.JSONField(_("jobs"), default=dict)

    class Meta:
        verbose_name = _("worker process")
        verbose_name_plural = _("worker processes")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"

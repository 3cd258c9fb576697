"""A launch: what somebody asked Pneumatic to start, and what became of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.workflow_templates.models import Template, TemplateVersion


class Launch(models.Model):
    """One wish to start one workflow. The row is committed before anything is sent.

    ``submission_id`` came with the form and is unique: a double click, a reload and a second tab all find this row.
    ``answers`` maps api_name to the JSON form of the canonical value; ``payload`` is the exact body that is sent.
    States and who may change them: ``services.py``.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        LAUNCHED = "launched", _("launched")
        REJECTED = "rejected", _("rejected")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unknown")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission_id = models.UUIDField(unique=True, editable=False)
    template = models.ForeignKey(
        Template, models.PROTECT, related_name="launches", verbose_name=_("template")
    )
    version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="launches", verbose_name=_("version")
    )
    name = models.TextField(_("workflow name"))
    answers = models.JSONField(default=dict)
    answers_digest = models.CharField(max_length=64)  # of name and answers: tells a repeat from a second wish
    payload = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    reason = models.TextField(_("reason"), blank=True)
    field_errors = models.JSONField(default=dict)  # api_name -> [reason, ...]
    workflow_id = models.BigIntegerField(_("workflow"), null=True, blank=True)
    # What settled an unknown launch where no person did (``matching.py``); empty where Pneumatic answered.
    evidence = models.JSONField(null=True, blank=True)
    contradictions = models.TextField(_("contradictions"), blank=True)  # sentences, one a line
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="launches", verbose_name=_("launched by")
    )
    created_at = models.DateTimeField(_("asked for"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    # No answer can come after this; empty once there was one. A launch that has passed it was abandoned.
    deadline_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("answered"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("resolved by"),
    )
    previous = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="successors",
        verbose_name=_("made from"),
    )
    search = models.TextField(editable=False)  # the workflow name, folded as templates' names are

    class Meta:
        verbose_name = _("launch")
        verbose_name_plural = _("launches")
        permissions = [
            ("launch_workflow", "Can launch workflows"),
            ("launch_any_template", "Can launch templates whatever run_allowed says"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="launch_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="launch_by_state"),
            models.Index(fields=["template", "-created_at", "-id"], name="launch_by_template"),
            models.Index(fields=["launched_by", "-created_at", "-id"], name="launch_by_person"),
            models.Index(fields=["launched_by", "answers_digest"], name="launch_repeat"),
            models.Index(fields=["workflow_id"], name="launch_workflow"),
            models.Index(fields=["template"], name="launch_unknown", condition=models.Q(state="unknown")),
            models.Index(
                fields=["deadline_at"], name="launch_unsettled", condition=models.Q(deadline_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class UploadedFile(models.Model):
    """A file that is with Pneumatic already and waits for (or belongs to) a launch; ``size`` in bytes.

    One that is not ``is_used`` by any launch is forgotten in time (``files.py``).

    ``sha256`` tells two uploads of the same file from two files: the same form sent twice uploads twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("uploaded by")
    )
    name = models.TextField(_("name"))
    content_type = models.CharField(_("content type"), max_length=255)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    attachment_id = models.CharField(_("attachment"), max_length=255)
    url = models.TextField(blank=True)
    thumbnail_url = models.TextField(blank=True)
    created_at = models.DateTimeField(_("uploaded"), db_index=True)
    is_used = models.BooleanField(_("launched"), default=False)

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        indexes = [models.Index(fields=["owner", "attachment_id"], name="launch_file_attachment")]

    def __str__(self) -> str:
        return self.name

"""A launch: what somebody asked Pneumatic to start, and what became of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
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
    made_name = models.TextField(_("name in Pneumatic"), blank=True)  # where it made another of ``name``
    is_urgent = models.BooleanField(_("urgent"), default=False)
    due = models.DateTimeField(_("due"), null=True, blank=True)
    answers = models.JSONField(default=dict)
    answers_digest = models.CharField(max_length=64)  # of the whole wish: tells a repeat from a second one
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
    # Tells the API key from others and gives nothing of it away; empty for a launch of before this was kept.
    sent_with = models.CharField(max_length=64, blank=True, editable=False)
    # No answer can come after this; empty once there was one. A launch that has passed it was abandoned.
    deadline_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("answered"), null=True, blank=True)
    # The worker's looks for an unknown launch (``looking.py``): the last attempt, the last that saw all there was to
    # see and what it told, and since when looks have missed a workflow that should have been there.
    tried_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(_("looked for"), null=True, blank=True)
    look_note = models.TextField(blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
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
            # Those whose workflow is looked for: ``matching.LOOKED_FOR`` is the same condition.
            models.Index(
                fields=["template"],
                name="launch_looked_for",
                condition=models.Q(state="unknown") | models.Q(missed_at__isnull=False),
            ),
            models.Index(
                fields=["deadline_at"], name="launch_unsettled", condition=models.Q(deadline_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        """Return the name by which people find the workflow in Pneumatic: what was typed may have held variables."""
        return self.made_name or self.name

    @property
    def was_missed(self) -> bool:
        """Return whether it failed because the worker's looks did not find its workflow."""
        return self.state == Launch.State.FAILED and self.missed_at is not None

    @property
    def is_overdue(self) -> bool:
        """Return whether the due date has passed: Pneumatic would refuse to start it now."""
        return self.due is not None and self.due <= timezone.now()

    @property
    def is_outdated(self) -> bool:
        """Return whether its template has another form now: some answers may have no place in it."""
        return self.template.current_version_id != self.version_id


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

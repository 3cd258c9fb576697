"""A launch: a request to start a workflow, and its outcome."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from apps.core.database import clock
from apps.core.text.visible import first_visible
from apps.workflow_templates.models import Template, TemplateVersion


class Launch(models.Model):
    """One request to start one workflow. The row is committed before anything is sent.

    ``submission_id`` comes with the form and is unique: a double click, a reload and a second tab all find this row.
    ``answers`` maps api_name to the JSON form of the canonical value; ``payload`` is the exact body that is sent.
    ``dispatch/services.py`` draws the states and what changes them.
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
    upstream_name = models.TextField(_("name in Pneumatic"), blank=True)  # where it differs from ``name``
    is_urgent = models.BooleanField(_("urgent"), default=False)
    due = models.DateTimeField(_("due date"), null=True, blank=True)
    answers = models.JSONField(default=dict)
    answers_digest = models.CharField(max_length=64)  # ``LaunchRequest.digest``: finds repeats
    payload = models.JSONField(default=dict)
    state = models.CharField(_("status"), max_length=10, choices=State, default=State.QUEUED)
    reason = models.TextField(_("reason"), blank=True)
    field_errors = models.JSONField(default=dict)  # api_name -> [reason, ...]
    workflow_id = models.BigIntegerField(_("workflow"), null=True, blank=True)
    # The match that resolved an unknown launch (``resolution/matcher.py``); None where a response or a user did.
    evidence = models.JSONField(null=True, blank=True)
    conflicts = models.TextField(_("conflicts"), blank=True)  # one sentence a line
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="launches", verbose_name=_("launched by")
    )
    created_at = models.DateTimeField(_("requested"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    # A salted hash (``server.key_fingerprint``); empty for launches from before it was stored.
    api_key_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    # The latest time of a response; None once there was one. A launch past it was abandoned by its process.
    deadline_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("response received"), null=True, blank=True)
    # The worker's checks for an unknown launch (``resolution/poller.py``): the last attempt, the last that read every
    # workflow with its result as a sentence, and the first complete one that did not find the workflow.
    check_attempted_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    check_note = models.TextField(blank=True)
    not_found_at = models.DateTimeField(null=True, blank=True)
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
        verbose_name=_("copied from"),
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
            # The same condition as ``matcher.IS_PENDING``.
            models.Index(
                fields=["template"],
                name="launch_looked_for",
                condition=models.Q(state="unknown") | models.Q(not_found_at__isnull=False),
            ),
            models.Index(
                fields=["deadline_at"], name="launch_unsettled", condition=models.Q(deadline_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The workflow's name in Pneumatic, as far as known: the requested one may contain variables."""
        return shown_name(self.pk, self.upstream_name, self.name)

    @property
    def was_not_found(self) -> bool:
        """Whether it failed because the worker did not find its workflow in Pneumatic."""
        return self.state == Launch.State.FAILED and self.not_found_at is not None

    @property
    def is_overdue(self) -> bool:
        """Whether the due date has passed: Pneumatic rejects such a launch."""
        return self.due is not None and self.due <= clock.now()


def shown_name(pk: uuid.UUID, *names: str) -> str:
    """Return the first of a launch's names of which something can be seen, else the beginning of its id."""
    return first_visible(*names) or _t("Launch %(id)s") % {"id": str(pk)[:8]}


class UploadedFile(models.Model):
    """A file that was uploaded to Pneumatic, for a form that is open or a launch; ``size`` in bytes.

    A row that no launch uses (``is_used``) is deleted after 30 days, unless the row ``reserved_for`` exists
    (``uploads/services.py``). ``sha256`` identifies the same file in two uploads: a form that is sent twice uploads it
    twice.
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
    reserved_for = models.UUIDField(null=True, blank=True, editable=False)
    search = models.TextField(editable=False, default="")  # the folded name

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        indexes = [models.Index(fields=["owner", "attachment_id"], name="launch_file_attachment")]

    def __str__(self) -> str:
        return first_visible(self.name) or _t("Unnamed file")

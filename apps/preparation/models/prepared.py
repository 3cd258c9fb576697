"""What drafts, presets, rows of batches and schedules have in common."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.text.visible import first_visible
from apps.launches.submission.urgency import UrgencyInput
from apps.preparation.content import Content
from apps.workflow_templates.models import Template, TemplateVersion


class PreparedLaunch(models.Model):
    """Answers for one version of a template's form, of one user, that were not launched yet.

    ``answers`` and ``typed`` are as in ``content.Content``. ``problems`` is what the last check found
    (``validation.Problem`` as JSON). It saw all changes of templates and users up to ``checked_at``; None where nothing
    was checked since the last save. A save counts ``revision`` up, and states the revision that it replaces.
    """

    class Visibility(models.TextChoices):
        OWNER = "owner", _("only me")
        TEAM = "team", _("the team")

    # Whether an answer that is missing is a problem: it is nothing new for what is still being filled in.
    must_be_complete: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(Template, models.PROTECT, related_name="+", verbose_name=_("template"))
    version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="+", verbose_name=_("version")
    )  # that the answers were given for
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    visibility = models.CharField(
        _("visible to"), max_length=10, choices=Visibility, default=Visibility.OWNER
    )
    workflow_name = models.TextField(_("workflow name"), blank=True)
    is_urgent = models.BooleanField(_("urgent"), default=False)
    due = models.TextField(_("due date"), blank=True)  # as the form's control writes it
    answers = models.JSONField(default=dict)
    typed = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("saved"))
    checked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What users call it. ``template`` is loaded."""
        return first_visible(self.workflow_name) or self.template.shown_name

    @property
    def kind(self) -> str:
        """What users call its kind."""
        return str(self._meta.verbose_name)

    @property
    def open_problems(self) -> list[dict[str, str]]:
        """The problems, unless they may have been corrected: it was saved in the current form since the last check."""
        is_current = self.version_id == self.template.current_version_id
        return [] if self.checked_at is None and is_current else self.problems

    @property
    def content(self) -> Content:
        """The answers."""
        urgency = UrgencyInput(self.is_urgent, self.due)
        return Content(self.workflow_name, self.answers, self.typed, urgency)

    @content.setter
    def content(self, content: Content) -> None:
        for column, value in content.columns().items():
            setattr(self, column, value)

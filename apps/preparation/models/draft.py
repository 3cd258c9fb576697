"""A form that was not sent yet."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.preparation.models.prepared import PreparedLaunch


class Draft(PreparedLaunch):
    """What a user has filled in so far, one per user and template, saved while they type.

    ``editor`` is the page that saved last. Its saves replace each other in the order of their revisions; those of
    another page must know the last one (``drafts/services.py``). ``left_out`` has sentences with the answers that were
    lost when it moved to a newer version of the template.
    """

    must_be_complete = False

    editor = models.UUIDField(editable=False)
    left_out = models.JSONField(default=list)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["owner", "template"], name="draft_once")]
        indexes = [
            models.Index(fields=["owner", "-updated_at"], name="draft_newest"),
            models.Index(fields=["updated_at"], name="draft_oldest"),
        ]

"""A form that was not sent yet."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.launches.models import Launch
from apps.preparation.models.prepared import PreparedLaunch

WARNING_DAYS = 7  # between the notice that a draft will be deleted, and that
_NAMESPACE = uuid.UUID("6f1d4c0e-5f6b-4c5e-9a51-0d7d3f3a7a10")
# A launch that started nothing: its draft is still needed.
_STARTED_NOTHING = (Launch.State.REJECTED, Launch.State.FAILED)


def draft_id(user_id: int, template_id: int) -> uuid.UUID:
    """Return the primary key of the draft of this user and template: a save need not look for it."""
    return uuid.uuid5(_NAMESPACE, f"{user_id}:{template_id}")


class DraftQuerySet(models.QuerySet["Draft"]):
    """Selections of drafts."""

    def active(self) -> DraftQuerySet:
        """Select drafts that were not launched, or whose launch started nothing."""
        return self.filter(Q(launch=None) | Q(launch__state__in=_STARTED_NOTHING))


class Draft(PreparedLaunch):
    """What a user has filled in so far, one per user and template, saved while they type.

    ``editor`` is the page that saved last, ``sequence`` the number that this page gave to the save: the milliseconds of
    its clock. ``left_out`` has sentences with the answers that were lost in a newer version of the template. ``launch``
    ended it, unless that started nothing. ``copied_from`` is the id of the launch whose answers were edited. At
    ``warned_at`` its owner was warned that it will be deleted.
    """

    must_be_complete = False

    editor = models.UUIDField(editable=False)
    sequence = models.BigIntegerField(default=0, editable=False)
    left_out = models.JSONField(default=list)
    launch = models.ForeignKey(Launch, models.SET_NULL, null=True, blank=True, related_name="+")
    copied_from = models.UUIDField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["owner", "template"], name="draft_once")]
        indexes = [
            models.Index(fields=["owner", "-updated_at"], name="draft_newest"),
            models.Index(fields=["updated_at"], name="draft_oldest"),
        ]

    @property
    def is_active(self) -> bool:
        """Whether it can be continued. ``launch`` is loaded."""
        return self.launch is None or self.launch.state in _STARTED_NOTHING

    @property
    def deleted_on(self) -> dt.datetime | None:
        """When it is deleted at the earliest; None where its owner was not warned yet."""
        if self.warned_at is None:
            return None
        return max(
            self.warned_at + dt.timedelta(days=WARNING_DAYS),
            self.updated_at + dt.timedelta(days=settings.DRAFT_RETENTION_DAYS),
        )

    def get_absolute_url(self) -> str:
        """Return the address of the form with the draft in it."""
        return f"{reverse('template-launch', args=[self.template_id])}?draft=continue"

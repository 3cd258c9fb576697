"""Writes of the catalogue's own data; the mirror itself is written by ``sync`` alone."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.workflow_templates.models import Template, TemplateUse


def record_use(*, user: AbstractUser, template: Template, at: dt.datetime) -> None:
    """Count one more launch of ``template`` by ``user``; the catalogue shows them what they launch most first."""
    if _count_one_more(user=user, template=template, at=at):
        return
    try:
        with transaction.atomic():
            TemplateUse.objects.create(user_id=user.pk, template=template, launches=1, last_launched_at=at)
    except IntegrityError:
        # Their other tab was first to create the row.
        _count_one_more(user=user, template=template, at=at)


def _count_one_more(*, user: AbstractUser, template: Template, at: dt.datetime) -> bool:
    uses = TemplateUse.objects.filter(user_id=user.pk, template=template)
    counted = uses.update(launches=F("launches") + 1, last_launched_at=Greatest(F("last_launched_at"), at))
    return counted > 0

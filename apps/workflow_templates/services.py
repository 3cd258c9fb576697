"""Writes of the catalogue: who launches what how often, and one template brought up to date between two syncs."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from apps.pneumatic.client import Client
from apps.pneumatic.errors import Contradicted, PneumaticError
from apps.workflow_templates.models import Template, TemplateUse
from apps.workflow_templates.sync import Templates

# A person is waiting; the mirror is good enough when Pneumatic is slower than this.
READ_TIMEOUT_SECONDS = 5.0


def refresh_template(template: Template, client: Client) -> Template:
    """Ask Pneumatic for ``template`` as it is now, mirror it, and return it; raise PneumaticError.

    That it is not found does not mark it as removed: only a complete listing can tell that.
    """
    known = Template.objects.values_list("raw", flat=True).get(pk=template.pk)
    received = client.receive_template(
        template.pk, known=known, repeat=False, read_timeout=READ_TIMEOUT_SECONDS
    )
    mirrored = _mirrored(template.pk)  # as it is now: another worker may have brought it up to date meanwhile
    if received.raw in (known, mirrored.raw):
        return mirrored
    mirror = Templates()
    row = mirror.row(received, content_hash=mirror.content_hash(received))
    # Whoever adds the same version at the same moment, another click or a sync, writes what we would have.
    with suppress(IntegrityError), transaction.atomic():
        mirror.write([row], removed=[], now=timezone.now())
    return _mirrored(template.pk)


def refresh_if_reachable(template: Template, client: Client) -> Template:
    """Return ``template`` as Pneumatic has it now, as it is mirrored where Pneumatic does not tell.

    Raise Contradicted when another Pneumatic answers than the one that is spoken: what it would make of a launch nobody
    can say.
    """
    try:
        return refresh_template(template, client)
    except Contradicted:
        raise
    except PneumaticError:
        return template


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


def _mirrored(template_id: int) -> Template:
    return Template.objects.select_related("current_version").get(pk=template_id)


def _count_one_more(*, user: AbstractUser, template: Template, at: dt.datetime) -> bool:
    uses = TemplateUse.objects.filter(user_id=user.pk, template=template)
    counted = uses.update(launches=F("launches") + 1, last_launched_at=Greatest(F("last_launched_at"), at))
    return counted > 0

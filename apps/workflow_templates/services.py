"""Writes of the catalogue: the refresh of one template between two syncs, and counts of launches."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.core.database import clock
from apps.pneumatic.client import Client
from apps.pneumatic.errors import Contradicted, PneumaticError
from apps.workflow_templates.models import Template, TemplateUse
from apps.workflow_templates.sync import Templates

# A user is waiting; the mirror is good enough when Pneumatic is slower than this.
READ_TIMEOUT_SECONDS = 5.0


def refresh_template(template: Template, client: Client, *, is_doubted: bool = False) -> Template:
    """Read ``template`` from Pneumatic, update the mirror, and return it; raise PneumaticError.

    A template that is not found is not marked removed: only a complete listing proves that. If what is known of it
    ``is_doubted``, its row of the list is read as well.
    """
    known = Template.objects.values_list("raw", flat=True).get(pk=template.pk)
    received = client.receive_template(
        template.pk,
        known=known,
        is_doubted=is_doubted,
        repeat=False,
        read_timeout=READ_TIMEOUT_SECONDS,
    )
    mirrored = _mirrored(template.pk)  # read again: another process may have updated it during the request
    if received.raw in (known, mirrored.raw):
        return mirrored
    mirror = Templates()
    row = mirror.row(received, content_hash=mirror.content_hash(received))
    # Another click, or a sync, that adds the same version at the same time writes the same row.
    with suppress(IntegrityError), transaction.atomic():
        mirror.write([row], removed=[], now=clock.now())
    return _mirrored(template.pk)


def refresh_if_reachable(template: Template, client: Client, *, is_doubted: bool = False) -> Template:
    """Return ``template`` as Pneumatic has it now, as ``refresh_template`` does; as mirrored if it cannot be read.

    Raise Contradicted when the server has another dialect than detected: the effect of a launch would be unknown. The
    dialect is detected again then, for the next try.
    """
    try:
        return refresh_template(template, client, is_doubted=is_doubted)
    except Contradicted:
        with suppress(PneumaticError):
            client.detect_dialect()
        raise
    except PneumaticError:
        return template


def record_use(*, user: AbstractUser, template: Template, at: dt.datetime) -> None:
    """Count one more launch of ``template`` by ``user``, for the order of their catalogue."""
    if _count_one_more(user=user, template=template, at=at):
        return
    try:
        with transaction.atomic():
            TemplateUse.objects.create(user_id=user.pk, template=template, launches=1, last_launched_at=at)
    except IntegrityError:
        # A request from another tab created the row first.
        _count_one_more(user=user, template=template, at=at)


def _mirrored(template_id: int) -> Template:
    return Template.objects.select_related("current_version").get(pk=template_id)


def _count_one_more(*, user: AbstractUser, template: Template, at: dt.datetime) -> bool:
    uses = TemplateUse.objects.filter(user_id=user.pk, template=template)
    counted = uses.update(launches=F("launches") + 1, last_launched_at=Greatest(F("last_launched_at"), at))
    return counted > 0

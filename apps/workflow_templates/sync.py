"""The mirror of Pneumatic's templates and the versions of their kickoff forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.text.visible import first_visible
from apps.pneumatic import server
from apps.pneumatic.canonical import schemas, serialization
from apps.pneumatic.client import capabilities
from apps.sync import mirror
from apps.sync.mirror import BATCH, batches
from apps.sync.registry import Progress, Resource
from apps.workflow_templates import searching
from apps.workflow_templates.models import RunAllowed, Template, TemplateVersion

if TYPE_CHECKING:
    from apps.pneumatic.client import Client

_DETAILS_AT_ONCE = 250  # templates held in full at a time


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """A template to be written, with its kickoff form and who may run it."""

    template: Template
    kickoff: dict[str, Any]
    kickoff_hash: str
    run_allowed: frozenset[int]


class Templates(Resource[schemas.Template, TemplateRecord]):
    """Every template that the API lists, each read in full."""

    name = "templates"
    label = _("templates")

    def known_hashes(self) -> dict[int, str | None]:
        return mirror.known_hashes(Template.objects)

    def fetch(self, client: Client, *, progress: Progress) -> Iterator[schemas.Received[schemas.Template]]:
        """Yield every template; one that is deleted after it was listed is left out."""
        client.key_holder()  # so that pages can name the user whose templates these are
        listed = client.receive_template_list(on_progress=lambda _done, total: progress(0, total))
        total = len(listed)
        while listed:
            # Listed templates are dropped once they were read in full.
            chunk, listed = listed[:_DETAILS_AT_ONCE], listed[_DETAILS_AT_ONCE:]
            yield from client.receive_templates(
                chunk,
                concurrency=settings.SYNC_CONCURRENCY,
                on_progress=_counting_on(progress, before=total - len(listed) - len(chunk), total=total),
            )

    def row(self, item: schemas.Received[schemas.Template], *, content_hash: str) -> TemplateRecord:
        """Return the mirrored template, without times and version."""
        template = item.read()
        name = first_visible(template.name) or gettext("Template %(id)s") % {"id": template.id}
        kickoff = serialization.kickoff_to_json(template.kickoff)
        return TemplateRecord(
            template=mirror.fitting(
                Template(
                    id=template.id,
                    name=name,
                    description=template.description,
                    is_active=template.is_active,
                    finalizable=template.finalizable,
                    date_updated=template.date_updated,
                    updated_by_id=template.updated_by,
                    tasks_count=template.tasks_count,
                    performers_count=template.performers_count,
                    workflow_name=template.workflow_name,
                    fields_count=len(template.kickoff.fields),
                    field_types=searching.field_types(template.kickoff),
                    order_key=searching.order_key(name=name, is_active=template.is_active),
                    tasks=serialization.tasks_to_json(template.tasks),
                    search=searching.search_text(name=name, description=template.description),
                    raw=item.raw,
                    content_hash=content_hash,
                )
            ),
            kickoff=kickoff,
            kickoff_hash=serialization.content_hash(kickoff),
            run_allowed=frozenset(template.run_allowed),
        )

    def title(self, row: TemplateRecord) -> str:
        return row.template.name

    def write(self, rows: Sequence[TemplateRecord], *, removed: Collection[int], now: dt.datetime) -> None:
        """Insert or update ``rows`` with their versions and mark removed ones.

        Versions go first, so that each template is written once, with its version: foreign keys are checked at the
        end of the transaction.
        """
        _set_versions(rows, now=now)
        mirror.upsert(Template.objects, [row.template for row in rows], now=now)
        for ids in batches([row.template.id for row in rows]):
            RunAllowed.objects.filter(template_id__in=ids).delete()
        RunAllowed.objects.bulk_create(
            [
                RunAllowed(template_id=row.template.id, pneumatic_user_id=user_id)
                for row in rows
                for user_id in sorted(row.run_allowed)
            ],
            batch_size=BATCH,
        )
        mirror.mark_removed(Template.objects, removed, now=now)

    def names(self, ids: Collection[int]) -> dict[int, str]:
        return dict(Template.objects.filter(id__in=ids).values_list("id", "name"))

    def scope(self) -> str:
        """Return a sentence about the listed templates where the server lists only those of the key's user."""
        finding = server.known() if capabilities().lists_own_templates else None
        key_holder = finding.key_holder if finding else None
        if key_holder is None:
            return ""
        return gettext(
            "Templates: only those that %(name)s, the user of the API key, owns, views or may start."
        ) % {"name": key_holder.shown_name}


def _set_versions(rows: Sequence[TemplateRecord], *, now: dt.datetime) -> None:
    """Set every template's version to the one with its kickoff form; create the version if it is new."""
    ids = [row.template.id for row in rows]
    seen = _versions(ids)
    fresh = [
        TemplateVersion(
            template_id=row.template.id,
            number=max((number for _pk, number in seen[row.template.id].values()), default=0) + 1,
            content_hash=row.kickoff_hash,
            kickoff=row.kickoff,
            first_seen_at=now,
        )
        for row in rows
        if row.kickoff_hash not in seen[row.template.id]
    ]
    if fresh:
        TemplateVersion.objects.bulk_create(fresh, batch_size=BATCH)
        # Read again: not every version of SQLite returns the keys of a bulk insert.
        seen.update(_versions([version.template_id for version in fresh]))
    for row in rows:
        row.template.current_version_id = seen[row.template.id][row.kickoff_hash][0]


def _versions(template_ids: Sequence[int]) -> dict[int, dict[str, tuple[int, int]]]:
    """Return key and number of every version, by template and content hash."""
    found: dict[int, dict[str, tuple[int, int]]] = {id_: {} for id_ in template_ids}
    for ids in batches(template_ids):
        versions = TemplateVersion.objects.filter(template_id__in=ids).order_by()
        for template_id, digest, pk, number in versions.values_list(
            "template_id", "content_hash", "pk", "number"
        ):
            found[template_id][digest] = (pk, number)
    return found


def _counting_on(progress: Progress, *, before: int, total: int) -> Progress:
    """Return the progress of a part as progress of the whole."""
    return lambda done, _part: progress(before + done, total)

"""Reads of the catalogue, for lists and pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Left
from django.db.models.lookups import IsNull

from apps.core.identifiers import MAX_NUMBER, read_number
from apps.core.people import pneumatic_person_of
from apps.core.searching import has_words
from apps.pneumatic.canonical.schemas import Kickoff, Task
from apps.pneumatic.canonical.serialization import kickoff_from_json, tasks_from_json
from apps.pneumatic.client import capabilities
from apps.workflow_templates.models import RunAllowed, Template, TemplateUse, TemplateVersion

MAX_FAVOURITES = 20
EXCERPT = 480  # characters of a description: more than lists show, for its markup
# A user id that no template's ``run_allowed`` contains: Pneumatic's ids start at 1.
NO_USER = 0


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters of a list of templates; the default lists all that are not removed."""

    query: str = ""
    state: str = ""  # "active", "inactive" or "removed"
    asks_for: str = ""  # a field type, or "nothing": the kickoff form has no fields
    launchable: bool = False  # only templates that the user can launch


def of_template(text: str) -> Q:
    """Return the condition for rows with a ``template_id``: a template by its number, or by words of its name."""
    number = read_number(text)
    if number is not None:
        return Q(template_id=number)
    return Q(template_id__in=Template.objects.filter(has_words(text)).values("pk"))


def run_bound(user: AbstractUser) -> int | None:
    """Return the Pneumatic id that must be among ``run_allowed`` for ``user`` to launch a template.

    None when ``run_allowed`` does not restrict them: they are no Pneumatic user, may launch any template, or own the
    account where that is enough. ``NO_USER`` for a user who was deactivated in Pneumatic and may run nothing.
    """
    if user.has_perm("launches.launch_any_template"):
        return None
    person = pneumatic_person_of(user)
    if person is None:
        return None
    if person.status == "inactive":
        return NO_USER
    if person.is_account_owner and capabilities().owner_may_run_everything:
        return None
    return person.id


def favourites(
    *, user: AbstractUser, filters: Filters | None = None, limit: int = MAX_FAVOURITES
) -> QuerySet[Template]:
    """Return the templates that ``user`` launched most, the most launched first.

    Inactive ones are included only where ``filters`` selects them.
    """
    filters = filters or Filters()
    templates = _listed(user=user, filters=filters).filter(uses__user_id=user.pk)
    if not filters.state:
        templates = templates.filter(is_active=True)
    return templates.order_by("-uses__launches", "order_key", "id")[:limit]


def others(
    *, user: AbstractUser, filters: Filters | None = None, without: Collection[Template] = ()
) -> QuerySet[Template]:
    """Return templates except those in ``without``, active ones first, then by name."""
    templates = _listed(user=user, filters=filters or Filters())
    if without:
        templates = templates.exclude(pk__in=[template.pk for template in without])
    return templates.order_by("order_key", "id")


def _listed(*, user: AbstractUser, filters: Filters) -> QuerySet[Template]:
    """Return the templates that match ``filters``, with the columns that lists show.

    ``may_run`` is whether ``run_allowed`` permits ``user``; ``my_launches`` is their number of launches, or None.
    """
    bound = run_bound(user)
    allowed = RunAllowed.objects.filter(template=OuterRef("pk"))
    may_run: Value | IsNull = Value(True, output_field=BooleanField())
    if bound is not None:
        allowed = allowed.filter(pneumatic_user_id=bound)
        # Not Exists(): PostgreSQL would collect all that the user may run before it reads the first row.
        may_run = IsNull(Subquery(allowed.values("pk")[:1]), False)
    uses = TemplateUse.objects.filter(user_id=user.pk, template=OuterRef("pk"))
    my_launches = Subquery(uses.values("launches")[:1])
    templates = (
        Template.objects.annotate(may_run=may_run, my_launches=my_launches)
        .annotate(excerpt=Left("description", EXCERPT))
        .only(
            *("name", "is_active", "removed_at", "date_updated", "fields_count", "tasks_count", "order_key")
        )
        .filter(removed_at__isnull=filters.state != "removed")
    )
    if filters.state == "active" or filters.launchable:
        templates = templates.filter(is_active=True)
    elif filters.state == "inactive":
        # The second condition follows from the first; it lets the database start in the middle of the index.
        templates = templates.filter(is_active=False, order_key__gte="1")
    if filters.launchable and bound is not None:
        templates = templates.filter(Exists(allowed))
    if filters.asks_for == "nothing":
        templates = templates.filter(fields_count=0)
    elif filters.asks_for:
        templates = templates.filter(field_types__contains=f" {filters.asks_for} ")
    return templates.filter(has_words(filters.query))


def template_for_page(template_id: int) -> Template | None:
    """Return a template with its current version, or None; ``raw`` is not loaded."""
    return Template.objects.select_related("current_version").defer("raw").filter(pk=template_id).first()


def current_kickoff(template: Template) -> Kickoff:
    """Return the current kickoff form of ``template``; an empty one when none was synced."""
    return version_kickoff(template.current_version) if template.current_version else Kickoff()


def version_kickoff(version: TemplateVersion) -> Kickoff:
    """Return the kickoff form of ``version``."""
    return kickoff_from_json(version.kickoff)


def tasks_of(template: Template) -> tuple[Task, ...]:
    """Return the tasks of ``template`` in the order in which they run."""
    return tuple(sorted(tasks_from_json(template.tasks), key=lambda task: task.number))


def run_allowed_ids(template: Template) -> list[int]:
    """Return the Pneumatic ids of those who may run ``template``."""
    return list(template.run_allowed.order_by("id").values_list("pneumatic_user_id", flat=True))


def recent_versions(template: Template, *, limit: int) -> list[TemplateVersion]:
    """Return the newest versions of the kickoff form of ``template``, the newest first."""
    return list(template.versions.order_by("-number")[:limit])


def version_with_previous(
    template_id: int, number: int
) -> tuple[TemplateVersion | None, TemplateVersion | None]:
    """Return a version of a template's form and the one before it."""
    if (
        template_id > MAX_NUMBER
    ):  # Django checks this for a column of the queried table, but not for a foreign key
        return None, None
    versions = list(
        TemplateVersion.objects.select_related("template")
        .defer("template__raw", "template__tasks")
        .filter(template_id=template_id, number__lte=number)
        .order_by("-number")[:2]
    )
    if not versions or versions[0].number != number:
        return None, None
    return versions[0], versions[1] if len(versions) > 1 else None


def any_template_exists() -> bool:
    """Return whether any template was ever synced."""
    return Template.objects.exists()

import datetime as dt

from django.db import migrations

from apps.core.bulk import update
from apps.pneumatic.canonical.serialization import quick_hash
from apps.workflows.projection.projector import search_text

BATCH = 500
# The columns that the digest covered when this was written.
COLUMNS = (
    "name",
    "search",
    "template_id",
    "template_name",
    "state",
    "is_state_confirmed",
    "has_gaps",
    "step",
    "task_name",
    "task_since",
    "performers",
    "started_at",
    "ended_at",
    "events_count",
    "history",
)


def rebuild(apps, schema_editor):
    """Fold the names as a search is folded from now on. A digest covers the folded name, so it changes, too."""
    workflow = apps.get_model("workflows", "Workflow")
    names = workflow.objects.values_list("pk", "name", "search").iterator()
    outdated = [pk for pk, name, search in names if search_text(name) != search]
    for start in range(0, len(outdated), BATCH):
        rows = workflow.objects.filter(pk__in=outdated[start : start + BATCH]).values_list("pk", *COLUMNS)
        update(workflow, ["search", "digest"], [folded(*row) for row in rows])


def folded(pk, name, _search, *columns):
    search = search_text(name)
    return search, quick_hash([plain(value) for value in (name, search, *columns)]), pk


def plain(value):
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value


class Migration(migrations.Migration):

    dependencies = [("workflows", "0004_who_did_what")]

    operations = [migrations.RunPython(rebuild, migrations.RunPython.noop)]

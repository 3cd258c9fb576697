from django.db import migrations

from apps.core.bulk import recompute
from apps.workflow_templates.searching import order_key, search_text


def rebuild(apps, schema_editor):
    """Fold what templates are searched and sorted by as a search is folded from now on."""
    recompute(apps.get_model("workflow_templates", "Template"), ["search", "order_key"],
              of=["name", "description", "is_active"], by=folded)


def folded(name, description, is_active):
    return search_text(name=name, description=description), order_key(name=name, is_active=is_active)


class Migration(migrations.Migration):

    dependencies = [("workflow_templates", "0003_field_names")]

    operations = [migrations.RunPython(rebuild, migrations.RunPython.noop)]

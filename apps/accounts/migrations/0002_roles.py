"""Create the groups that are the dashboard's roles; ``roles.grant_permissions`` fills them after each migrate."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Written out, not imported: a migration must not change when the code does.
ROLES = ["Viewer", "Operator", "Integrator", "Administrator"]


def create_groups(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the four groups that are not there yet."""
    group_model = apps.get_model("auth", "Group")
    for name in ROLES:
        group_model.objects.using(schema_editor.connection.alias).get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]

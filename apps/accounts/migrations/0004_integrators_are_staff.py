"""Open Django admin to those who are Integrators already; from now on a signal does it when somebody becomes one."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Written out, not imported: a migration must not change when the code does.
INTEGRATOR, ADMINISTRATOR = "Integrator", "Administrator"


def open_admin(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make every Integrator staff."""
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    integrators = users.filter(groups__name=INTEGRATOR).values("pk")
    users.filter(pk__in=integrators).update(is_staff=True)


def close_admin(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take it from those who have no other reason to be staff."""
    users = apps.get_model("accounts", "User").objects.using(schema_editor.connection.alias)
    integrators = users.filter(groups__name=INTEGRATOR).values("pk")
    administrators = users.filter(groups__name=ADMINISTRATOR).values("pk")
    users.filter(pk__in=integrators, is_superuser=False).exclude(pk__in=administrators).update(is_staff=False)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_search_index_on_postgresql")]

    operations = [migrations.RunPython(open_admin, close_admin)]

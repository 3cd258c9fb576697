from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add what is to be asked of each workflow. Those that are stored already may lack it: the worker looks."""

    dependencies = [
        ("workflows", "0003_rename_fields"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="workflow",
            name="lacks_doers",
            field=models.BooleanField(default=True, editable=False),
        ),
        migrations.SeparateDatabaseAndState(  # the column has no default of its own, and SQLite would copy the table
            state_operations=[
                migrations.AlterField(
                    model_name="workflow",
                    name="lacks_doers",
                    field=models.BooleanField(default=False, editable=False),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="workflow",
            index=models.Index(
                condition=models.Q(("lacks_doers", True)),
                fields=["-last_event_at", "-id"],
                name="workflow_without_doers",
            ),
        ),
    ]

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename columns and labels. Django renames no field inside an index, so these are dropped and added again."""

    dependencies = [
        ("workflows", "0002_what_is_read_back"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex("workflow", "workflow_newest"),
        migrations.RemoveIndex("workflow", "workflow_by_state"),
        migrations.RemoveIndex("workflow", "workflow_by_template"),
        migrations.RemoveIndex("workflow", "workflow_by_person"),
        migrations.RemoveIndex("workflow", "workflow_with_gaps"),
        migrations.RenameField("workflow", "holders", "performers"),
        migrations.RenameField("workflow", "is_state_seen", "is_state_confirmed"),
        migrations.RenameField("workflow", "last_heard_at", "last_event_at"),
        migrations.RenameField("reconciliation", "begun_at", "started_at"),
        migrations.RenameField("reconciliation", "looked_at", "newest_checked_at"),
        migrations.RenameField("reconciliation", "healed", "updated"),
        migrations.RenameField("reconciliation", "left", "remaining"),
        migrations.AlterField(
            "holder",
            "workflow",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="performer_rows",
                to="workflows.workflow",
            ),
        ),
        migrations.AlterField(
            "reconciliation",
            "remaining",
            models.PositiveIntegerField(default=0, verbose_name="left for the next check"),
        ),
        migrations.AlterField(
            "reconciliation", "updated", models.PositiveIntegerField(default=0, verbose_name="updated")
        ),
        migrations.AlterField("workflow", "last_event_at", models.DateTimeField(verbose_name="last event")),
        migrations.AlterField(
            "workflow",
            "state",
            models.CharField(
                choices=[
                    ("running", "running"),
                    ("completed", "completed"),
                    ("terminated", "terminated"),
                    ("snoozed", "snoozed"),
                    ("deleted", "deleted in Pneumatic"),
                    ("unknown", "unknown"),
                ],
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AddIndex(
            "workflow", models.Index(fields=["-last_event_at", "-id", "search"], name="workflow_newest")
        ),
        migrations.AddIndex(
            "workflow", models.Index(fields=["state", "-last_event_at", "-id"], name="workflow_by_state")
        ),
        migrations.AddIndex(
            "workflow",
            models.Index(fields=["template_id", "-last_event_at", "-id"], name="workflow_by_template"),
        ),
        migrations.AddIndex(
            "workflow",
            models.Index(fields=["launched_by", "-last_event_at", "-id"], name="workflow_by_person"),
        ),
        migrations.AddIndex(
            "workflow",
            models.Index(
                fields=["-last_event_at", "-id"],
                name="workflow_with_gaps",
                condition=models.Q(has_gaps=True),
            ),
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("launches", "0003_urgency_and_looks"),
    ]

    operations = [
        # Its condition names a field that is renamed.
        migrations.RemoveIndex(model_name="launch", name="launch_looked_for"),
        migrations.RenameField(
            model_name="launch",
            old_name="made_name",
            new_name="upstream_name",
        ),
        migrations.RenameField(
            model_name="launch",
            old_name="sent_with",
            new_name="api_key_fingerprint",
        ),
        migrations.RenameField(
            model_name="launch",
            old_name="tried_at",
            new_name="check_attempted_at",
        ),
        migrations.RenameField(
            model_name="launch",
            old_name="looked_at",
            new_name="checked_at",
        ),
        migrations.RenameField(
            model_name="launch",
            old_name="look_note",
            new_name="check_note",
        ),
        migrations.RenameField(
            model_name="launch",
            old_name="missed_at",
            new_name="not_found_at",
        ),
        migrations.RenameField(
            model_name="launch",
            old_name="contradictions",
            new_name="conflicts",
        ),
        migrations.AddIndex(
            model_name="launch",
            index=models.Index(
                condition=models.Q(("state", "unknown"), ("not_found_at__isnull", False), _connector="OR"),
                fields=["template"],
                name="launch_looked_for",
            ),
        ),
        migrations.AlterField(
            model_name="launch",
            name="checked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="checked"),
        ),
        migrations.AlterField(
            model_name="launch",
            name="conflicts",
            field=models.TextField(blank=True, verbose_name="conflicts"),
        ),
        migrations.AlterField(
            model_name="launch",
            name="created_at",
            field=models.DateTimeField(verbose_name="requested"),
        ),
        migrations.AlterField(
            model_name="launch",
            name="due",
            field=models.DateTimeField(blank=True, null=True, verbose_name="due date"),
        ),
        migrations.AlterField(
            model_name="launch",
            name="finished_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="response received"),
        ),
        migrations.AlterField(
            model_name="launch",
            name="previous",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="successors",
                to="launches.launch",
                verbose_name="copied from",
            ),
        ),
        migrations.AlterField(
            model_name="launch",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "queued"),
                    ("sending", "sending"),
                    ("launched", "launched"),
                    ("rejected", "rejected"),
                    ("failed", "failed"),
                    ("unknown", "unknown"),
                ],
                default="queued",
                max_length=10,
                verbose_name="status",
            ),
        ),
    ]

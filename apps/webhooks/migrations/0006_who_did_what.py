from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0005_no_token_in_subscriptions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("workflow_started", "workflow started"),
                    ("task_completed", "task completed"),
                    ("task_returned", "task returned"),
                    ("workflow_completed", "workflow completed"),
                    ("seen", "read back"),
                    ("gone", "found deleted"),
                    ("activity", "read who did what"),
                ],
                max_length=20,
                verbose_name="event",
            ),
        ),
    ]

from django.db import migrations, models


def mark(apps, schema_editor):
    """Mark the groups that were synced before: their rows are not written again while Pneumatic shows the same."""
    groups = apps.get_model("accounts", "PneumaticGroup").objects.using(schema_editor.connection.alias)
    groups.filter(raw__type="personal").update(is_personal=True)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0007_sign_in_log"),
    ]

    operations = [
        migrations.AddField(
            model_name="pneumaticgroup",
            name="is_personal",
            field=models.BooleanField(default=False, verbose_name="substitutes a user on vacation"),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop, elidable=True),
    ]

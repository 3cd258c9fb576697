from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("launches", "0001_initial")]

    operations = [
        # Which of the files that are there already belong to a launch is not known: all are kept.
        migrations.AddField(
            model_name="uploadedfile",
            name="is_used",
            field=models.BooleanField(default=True, verbose_name="launched"),
        ),
        migrations.AlterField(
            model_name="uploadedfile",
            name="is_used",
            field=models.BooleanField(default=False, verbose_name="launched"),
        ),
    ]

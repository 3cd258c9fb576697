from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0003_field_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='serverfinding',
            name='features',
            field=models.JSONField(null=True, verbose_name='features'),
        ),
    ]

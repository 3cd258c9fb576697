from django.db import migrations, models

from apps.core.bulk import recompute
from apps.core.text.folding import fold


def rebuild(apps, schema_editor):
    """Fold the names of workflows and files as a search is folded from now on."""
    recompute(apps.get_model("launches", "Launch"), ["search"], of=["name", "upstream_name"],
              by=lambda *names: [fold(" ".join(names).strip())])
    recompute(apps.get_model("launches", "UploadedFile"), ["search"], of=["name"], by=lambda name: [fold(name)])


class Migration(migrations.Migration):

    dependencies = [("launches", "0005_reserved_files")]

    operations = [
        migrations.AddField("uploadedfile", "search", models.TextField(default="", editable=False)),
        migrations.RunPython(rebuild, migrations.RunPython.noop),
    ]

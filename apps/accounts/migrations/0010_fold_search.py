from django.db import migrations, models

from apps.accounts.searching import account_search_text, search_text
from apps.core.bulk import recompute


def rebuild(apps, schema_editor):
    """Fold what users and groups are searched by as a search is folded from now on."""
    recompute(apps.get_model("accounts", "User"), ["search"], of=["username", "first_name", "last_name", "email"],
              by=lambda *texts: [account_search_text(*texts)])
    recompute(apps.get_model("accounts", "PneumaticUser"), ["search"], of=["name", "email"],
              by=lambda name, email: [search_text(name=name, email=email)])
    recompute(apps.get_model("accounts", "PneumaticGroup"), ["search"], of=["name"],
              by=lambda name: [search_text(name=name)])


class Migration(migrations.Migration):

    dependencies = [("accounts", "0009_second_factors")]

    operations = [
        migrations.AddField("user", "search", models.TextField(default="", editable=False)),
        migrations.RunPython(rebuild, migrations.RunPython.noop),
    ]

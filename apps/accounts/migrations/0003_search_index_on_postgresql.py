from django.db import DatabaseError, migrations, transaction

INDEX = "accounts_person_trigrams"


def add_index(apps, schema_editor):
    """Let PostgreSQL find people by three letters of a word instead of reading everybody.

    The extension comes with PostgreSQL and the owner of a database may add it. Where that is not allowed, the search
    works all the same: it reads the index that SQLite reads too.
    """
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(
                f"CREATE INDEX {INDEX} ON accounts_pneumaticuser USING gin (search gin_trgm_ops) WHERE removed_at IS NULL"
            )
    except DatabaseError:
        return


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_roles")]

    operations = [migrations.RunPython(add_index, drop_index)]

"""The demonstration: the whole product on a sandbox of Pneumatic, started by ``manage.py demo``.

Every part is a process with its own complete environment, so a developer's ``.env`` and database are
neither read nor touched. What it keeps (database, secrets, logs) is below one folder.
"""

"""The environment of every test run, set before Django reads its settings (a plugin named in pyproject.toml).

Nothing of the developer's own ``.env`` reaches a test. ``DATABASE_URL`` is taken from outside, for PostgreSQL.
"""

from __future__ import annotations

import os
import sys

os.environ.update(
    ENV_FILE="",
    DEBUG="False",
    HASHED_STATIC="False",
    SECRET_KEY="for-tests-only-" + "x" * 50,
    PNEUMATIC_API_URL="http://127.0.0.1:9",  # the discard port: nothing answers unless a test starts a sandbox
    PNEUMATIC_API_KEY="test-key-that-must-never-leak",
    PNEUMATIC_DIALECT="documented",
    PUBLIC_URL="",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    DATABASE_URL=os.environ.get("DATABASE_URL", "sqlite:///:memory:"),
    # Empty but in the tests that tests/accounts/test_single_sign_on.py starts.
    OIDC_ISSUER=os.environ.get("OIDC_ISSUER_OF_TESTS", ""),
    OIDC_CLIENT_ID="dash",
    OIDC_CLIENT_SECRET="client-secret-that-must-never-leak",
    OIDC_NAME="Example login",
    OIDC_SCOPES="",
    OIDC_GROUPS_CLAIM="",
    OIDC_GROUP_ROLES='{"dash-admins": "Administrator", "/staff/ops": "Operator"}',
    OIDC_CREATE_ACCOUNTS="False",
    TIME_ZONE="Europe/Berlin",
    LOG_LEVEL="warning",
    # The longest limits that may be set, because a busy machine is slow. Tests of a limit set their own.
    PNEUMATIC_CONNECT_TIMEOUT="60",
    PNEUMATIC_READ_TIMEOUT="300",
    WEBHOOK_READ_TIMEOUT="120",
    WEBHOOK_WRITE_TIMEOUT="60",
    DATABASE_TIMEOUT="600",
    DATABASE_COMMAND_TIMEOUT="3600",
    DATABASE_LOCK_TIMEOUT="3600",
)

# Images of containers like to switch compiled files off. Then each process of tests compiles every module again,
# and so does each of the hundreds of processes that tests start: half of the time on such a machine.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

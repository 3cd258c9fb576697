"""Single sign-on is off; the tests of what it does run in a process in which it is on, against a real provider."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client

from apps.accounts.roles import ROLES
from pneumatic_dash import environment, single_sign_on
from tests.core.test_checks import manage

ROOT = Path(__file__).resolve().parents[2]
# What must be true with it as well as without it, in addition to its own tests.
ALSO = ["tests/core/test_access.py", "tests/accounts/test_login.py"]
ON = {
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "dash",
    "OIDC_CLIENT_SECRET": "only-for-tests",
}


def test_what_single_sign_on_does() -> None:
    """One process for all of it: the settings are read at the start."""
    database = urlsplit(os.environ["DATABASE_URL"])
    if database.scheme != "sqlite":  # the tests' database must be another one than that of this process
        database = database._replace(path=f"{database.path}_single_sign_on_{os.getpid()}")
    with warnings.catch_warnings(record=True):  # those of the provider, which runs in a thread
        warnings.simplefilter("always")
        import oidc_provider_mock

        with oidc_provider_mock.run_server_in_thread() as server:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"),
                    *("--tb=short", "--show-capture=no"),
                    *("tests/accounts/single_sign_on", *ALSO),
                ],
                cwd=ROOT,
                env={
                    **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
                    "DATABASE_URL": urlunsplit(database),
                    "OIDC_ISSUER_OF_TESTS": f"http://localhost:{server.server_port}",
                },
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.django_db
def test_nothing_of_it_is_loaded_without_an_issuer(client: Client) -> None:
    loaded = [*settings.INSTALLED_APPS, *settings.MIDDLEWARE, *settings.AUTHENTICATION_BACKENDS]

    assert not [name for name in loaded if "allauth" in name or "single_sign_on" in name]
    assert not [table for table in connection.introspection.table_names() if table.startswith("social")]
    assert client.get("/login/single-sign-on/").status_code == 404
    assert b"single-sign-on" not in client.get("/login/").content


@pytest.mark.ci
def test_the_models_and_the_production_configuration_are_clean_with_it() -> None:
    for command in (["makemigrations", "--check"], ["check", "--deploy", "--fail-level", "INFO"]):
        done = manage(*command, **ON)

        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"OIDC_ISSUER": "login.example.com"}, "OIDC_ISSUER is not a base URL."),
        ({"OIDC_ISSUER": "http://login.example.com"}, "OIDC_ISSUER is not https. Write"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID is not set, which OIDC_ISSUER needs."),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET is not set, which OIDC_ISSUER needs."),
        ({"OIDC_GROUP_ROLES": "ops=Operator"}, "OIDC_GROUP_ROLES is no list of groups with their roles."),
        ({"OIDC_GROUP_ROLES": '["ops"]'}, "OIDC_GROUP_ROLES is no list of groups with their roles."),
        ({"OIDC_GROUP_ROLES": "{}"}, "OIDC_GROUP_ROLES is no list of groups with their roles."),
        ({"OIDC_GROUP_ROLES": '{"ops": "operator"}'}, "OIDC_GROUP_ROLES gives 'ops' no role. Write one of:"),
        ({"OIDC_GROUP_ROLES": '{"ops": ["Operator"]}'}, "OIDC_GROUP_ROLES gives 'ops' no role."),
        (
            {"OIDC_GROUP_ROLES": '{"ops": "Operator", "ops": "Viewer"}'},
            "OIDC_GROUP_ROLES has a group twice.",
        ),
        ({"OIDC_CREATE_ACCOUNTS": "maybe"}, "OIDC_CREATE_ACCOUNTS is 'maybe'. Write True or False."),
    ],
)
def test_a_wrong_setting_is_refused(
    changed: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**ON, **changed}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=re.escape(sentence)):
        read_settings()


def read_settings() -> None:
    issuer = single_sign_on.issuer("OIDC_ISSUER")
    single_sign_on.needed("OIDC_CLIENT_ID", issuer=issuer)
    single_sign_on.needed_secret("OIDC_CLIENT_SECRET", issuer=issuer)
    single_sign_on.group_roles("OIDC_GROUP_ROLES")
    environment.flag("OIDC_CREATE_ACCOUNTS", default=False)


def test_the_settings_know_every_role() -> None:
    assert single_sign_on.ROLES == ROLES

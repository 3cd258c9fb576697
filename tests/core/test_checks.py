from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.core import checks

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "ENV_FILE": "",
    "DEBUG": "False",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "PUBLIC_URL": "https://dash.example.com",
    "PNEUMATIC_API_URL": "https://api.pneumatic.app",
    "PNEUMATIC_API_KEY": "a-key",
    "DATABASE_URL": "sqlite:///:memory:",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py`` in the production configuration, changed by ``environment``."""
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **PRODUCTION, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_production_configuration_is_clean() -> None:
    done = manage("check", "--deploy", "--fail-level", "INFO")

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("check", "name", "value", "found"),
    [
        (checks.check_api_key, "PNEUMATIC_API_KEY", "", ["pneumatic.W001"]),
        (checks.check_api_key, "PNEUMATIC_API_KEY", "key", []),
        (checks.check_api_url, "PNEUMATIC_API_URL", "https://api.example.com", []),
        (checks.check_api_url, "PNEUMATIC_API_URL", "http://api.example.com", ["pneumatic.E001"]),
        (checks.check_api_url, "PNEUMATIC_API_URL", "http://127.0.0.1:8901", ["pneumatic.W002"]),
        (checks.check_api_url, "PNEUMATIC_API_URL", "http://[::1]:8901", ["pneumatic.W002"]),
        (checks.check_api_url, "PNEUMATIC_API_URL", "https://localhost", ["pneumatic.W002"]),
        (checks.check_files_url, "PNEUMATIC_FILES_URL", "", []),
        (checks.check_files_url, "PNEUMATIC_FILES_URL", "https://a.example.com/files", []),
        (checks.check_files_url, "PNEUMATIC_FILES_URL", "http://127.0.0.1:8902", []),
        (checks.check_files_url, "PNEUMATIC_FILES_URL", "http://a.example.com/files", ["pneumatic.E003"]),
        (checks.check_public_url, "HTTPS", False, ["pneumatic.W003"]),
        (checks.check_public_url, "HTTPS", True, []),
        (checks.check_allowed_hosts, "ALLOWED_HOSTS", ["a.example.com", "*"], ["pneumatic.W004"]),
        (checks.check_allowed_hosts, "ALLOWED_HOSTS", ["a.example.com"], []),
        (checks.check_secret_key, "SECRET_KEY", "x" * 49, ["pneumatic.E002"]),
        (checks.check_secret_key, "SECRET_KEY", "x" * 50, []),
    ],
)
def test_mistakes_are_named(
    settings: SettingsWrapper, check: checks.Check, name: str, value: object, found: list[str]
) -> None:
    setattr(settings, name, value)

    messages = check(None)

    assert [message.id for message in messages] == found
    assert all(message.hint for message in messages)


def test_no_message_repeats_a_secret(settings: SettingsWrapper) -> None:
    settings.SECRET_KEY = "short-secret"

    assert "short-secret" not in str(checks.check_secret_key(None))

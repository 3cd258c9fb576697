"""The files in deploy/, the Containerfile and compose.yaml agree with each other, the code and the documentation."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from deploy.container_check import CheckFailed, Instruction, exec_form, parse, suite_of
from pneumatic_dash import __version__
from tests.test_docs import commands, variables

ROOT = Path(__file__).resolve().parent.parent
INSTRUCTIONS = parse((ROOT / "Containerfile").read_text(encoding="utf-8"))
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
INSTALLED = "/opt/pneumatic-dash"


def texts(name: str) -> list[str]:
    """Return the texts of the Containerfile's instructions of one name."""
    return [instruction.text for instruction in INSTRUCTIONS if instruction.name == name]


def command_of(unit: Path) -> list[str]:
    """Return the words of a unit's ExecStart."""
    text = unit.read_text(encoding="utf-8").replace("\\\n", " ")
    match = re.search(r"^ExecStart=(.*)$", text, flags=re.MULTILINE)
    assert match
    return shlex.split(match[1])


def without_address(command: list[str]) -> list[str]:
    """Return a gunicorn command without the folder of its program and without the address that it binds."""
    at = command.index("--bind")
    return [Path(command[0]).name, *command[1:at], *command[at + 2 :]]


def test_it_joins_continued_lines_and_leaves_comments_out() -> None:
    text = "# first\nFROM debian:bookworm-slim\n\nRUN one \\\n    # between\n    && two\nuser dash\n"

    assert parse(text) == [
        Instruction("FROM", "debian:bookworm-slim"),
        Instruction("RUN", "one && two"),
        Instruction("USER", "dash"),
    ]


def test_it_refuses_a_base_that_debootstrap_cannot_make() -> None:
    assert suite_of("debian:bookworm-slim") == "bookworm"
    with pytest.raises(CheckFailed, match="only debian"):
        suite_of("python:3.11-slim")


def test_the_image_runs_as_a_user_without_rights_to_the_code() -> None:
    names = [instruction.name for instruction in INSTRUCTIONS]

    assert texts("USER") == ["dash"]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in {"RUN", "COPY"})
    assert not [text for text in texts("COPY") if "--chown" in text]


def test_the_image_installs_the_lock_with_hashes() -> None:
    assert [
        text
        for text in texts("RUN")
        if "pip install" in text and "--require-hashes -r requirements.lock" in text
    ]


def test_the_image_sets_no_secret() -> None:
    assert not re.search(r"KEY|PASSWORD|TOKEN|DATABASE_URL", " ".join(texts("ENV") + texts("ARG")))
    assert not [text for text in texts("COPY") if ".env" in text or text.startswith(". ")]


def test_the_build_context_has_what_the_image_copies() -> None:
    allowed = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())

    assert texts("COPY")
    for text in texts("COPY"):
        for source in shlex.split(text)[:-1]:
            assert f"!{source.rstrip('/')}" in allowed


def test_image_and_unit_start_the_web_server_with_the_same_arguments() -> None:
    unit = command_of(ROOT / "deploy" / "systemd" / "pneumatic-dash-web.service")

    assert without_address(exec_form(texts("CMD")[0])) == without_address(unit)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_exists(unit: Path) -> None:
    command = command_of(unit)

    assert command[0] in {f"{INSTALLED}/.venv/bin/gunicorn", f"{INSTALLED}/.venv/bin/python"}
    if command[1] == "manage.py":
        assert command[2] in commands()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened(unit: Path) -> None:
    """systemd reads the folder by the common prefix of the units' names."""
    hardening = (ROOT / "deploy/systemd/pneumatic-dash-.service.d/hardening.conf").read_text(encoding="utf-8")

    assert unit.name.startswith("pneumatic-dash-")
    for line in ("User=dash", "UMask=0077", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert f"{line}\n" in hardening
    assert "User=" not in unit.read_text(encoding="utf-8")


def test_compose_publishes_only_on_the_loopback_address() -> None:
    ports = re.findall(r"^ +ports:\n((?: +- .*\n)+)", COMPOSE, flags=re.MULTILINE)

    assert re.findall(r'- "(.*)"', "".join(ports)) == ["127.0.0.1:${DASH_PORT:-8080}:8080"]


def test_compose_uses_this_version_and_commands_that_exist() -> None:
    named = re.findall(r'"manage\.py", "(\w+)"', COMPOSE)

    assert f"image: pneumatic-dash:{__version__}\n" in COMPOSE
    assert set(named) - {"migrate"} <= set(commands())
    assert {"migrate", "worker"} <= set(named)


def test_compose_mounts_files_that_exist() -> None:
    mounted = re.findall(r"- \./([\w./-]+):/", COMPOSE)

    assert mounted
    assert not [path for path in mounted if not (ROOT / path).is_file()]


def test_compose_sets_variables_that_exist() -> None:
    database, proxy = re.findall(r"^    (DATABASE_URL|BEHIND_PROXY): ", COMPOSE, flags=re.MULTILINE)

    assert {database, proxy} <= set(variables())


def test_the_guide_names_every_file() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    files = [path for path in (ROOT / "deploy").rglob("*") if path.suffix in {".conf", ".service", ".timer"}]

    assert len(files) >= 9
    for path in files:
        assert f"../{path.relative_to(ROOT).as_posix()}" in guide, path.name


@pytest.mark.parametrize("server", ["host.conf", "compose.conf"])
def test_nginx_shares_the_rules_for_requests(server: str) -> None:
    text = (ROOT / "deploy" / "nginx" / server).read_text(encoding="utf-8")

    assert "include /etc/nginx/pneumatic-dash-locations.conf;" in text
    assert "upstream pneumatic_dash {" in text
    assert "$dash_scheme" in text


def test_nginx_refuses_with_a_sentence() -> None:
    text = (ROOT / "deploy" / "nginx" / "locations.conf").read_text(encoding="utf-8")
    for status in ("413", "414"):
        assert f"error_page {status} " in text
        assert f'return {status} "<!doctype html>' in text


def test_nginx_logs_no_path_of_the_receiver() -> None:
    text = (ROOT / "deploy" / "nginx" / "locations.conf").read_text(encoding="utf-8")
    receiver = text[text.index("location /hooks/ {") : text.index("location / {")]

    assert "access_log off;" in receiver
    assert "error_log /dev/null" in receiver
    assert "proxy_request_buffering on;" in receiver

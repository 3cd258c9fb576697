"""The documentation names what exists: every variable, command and field type, and no dead link."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "pneumatic_dash" / "settings.py"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
READERS = {
    *("_flag", "_number", "_base_url", "_public_url", "_secret", "_choice", "_zone", "_database"),
    *("_text", "_allowed_hosts", "_cookie_prefix", "_issuer", "_needed", "_needed_secret", "_group_roles"),
}
CHECK_ID = r"\bpneumatic\.[EW]\d{3}\b"
FIELD_TYPES = ["string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user"]


def variables() -> list[str]:
    """Return the environment variables that the settings read, in their order."""
    names: dict[str, None] = {}
    for node in ast.walk(ast.parse(SETTINGS.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        reader = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if reader in READERS and isinstance(node.args[0].value, str) and node.args[0].value.isupper():
            names[node.args[0].value] = None
            if reader in {"_secret", "_needed_secret"}:
                names[f"{node.args[0].value}_FILE"] = None
    return list(names)


def commands() -> list[str]:
    return sorted(path.stem for path in ROOT.glob("apps/*/management/commands/[!_]*.py"))


def check_ids() -> list[str]:
    """Return the ids of our system checks, wherever the code names one."""
    return sorted(set(re.findall(CHECK_ID, text_of(*ROOT.glob("apps/**/*.py")))))


def text_of(*paths: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def anchors(page: str) -> set[str]:
    """Return the anchors that a reader of Markdown derives from a page's headings."""
    headings = re.findall(r"^#+ +(.+?) *$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_it_finds_the_variables_of_the_settings() -> None:
    assert {"DEBUG", "SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "PNEUMATIC_API_KEY"} <= set(variables())


@pytest.mark.parametrize("name", variables())
def test_every_variable_is_explained(name: str) -> None:
    assert re.search(rf"\b{name}\b", text_of(ROOT / ".env.example")), f".env.example does not list {name}"
    assert re.search(rf"`{name}`", text_of(*PAGES)), f"no page of the documentation explains {name}"


def test_the_example_environment_lists_nothing_that_does_not_exist() -> None:
    listed = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text_of(ROOT / ".env.example"), flags=re.MULTILINE)
    of_compose = re.findall(r"\$\{([A-Z_]+)", text_of(ROOT / "compose.yaml"))

    assert set(listed) <= {*variables(), *of_compose, "ENV_FILE"}
    assert set(of_compose) <= set(listed)


@pytest.mark.parametrize("name", commands())
def test_every_command_is_explained(name: str) -> None:
    assert re.search(rf"manage\.py {name}\b", text_of(*PAGES))


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    code = re.findall(r"`[^`\n]+`|^```.*?^```", text_of(*PAGES), flags=re.MULTILINE | re.DOTALL)
    named = {name for text in code for name in re.findall(r"(?:^|`|=\S+ )make ([a-z-]+)", text, re.MULTILINE)}

    assert {"demo", "test", "check"} <= named <= targets


@pytest.mark.parametrize("check_id", check_ids())
def test_every_check_is_explained(check_id: str) -> None:
    assert f"| `{check_id}` |" in text_of(ROOT / "docs" / "configuration.md")


def test_the_documentation_explains_no_check_that_does_not_exist() -> None:
    assert set(re.findall(CHECK_ID, text_of(*PAGES))) <= set(check_ids())


def test_every_page_can_be_found() -> None:
    index = text_of(ROOT / "docs" / "README.md")

    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index] == [
        "README.md"
    ]


@pytest.mark.parametrize("name", FIELD_TYPES)
def test_every_field_type_is_explained(name: str) -> None:
    assert re.search(rf"`{name}`", text_of(*PAGES))


def test_the_readme_starts_with_the_two_commands() -> None:
    readme = text_of(ROOT / "README.md")

    assert readme.index("make demo") < 4000
    assert "make test" in readme


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = text_of(page)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"", text):
        link = target[0] or target[1]
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(text_of(found))):
            dead.append(link)

    assert not dead, f"{page.relative_to(ROOT)} links to {dead}"

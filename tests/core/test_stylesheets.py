"""Templates and stylesheets speak of the same classes and tokens, and nothing is inline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STYLESHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
# Django's own pages bring their own stylesheets.
TEMPLATES = sorted(
    path for path in ROOT.glob("templates/**/*.html") if "admin" not in path.relative_to(ROOT).parts
)
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
# Names that only scripts use, or that mark a place without styles.
UNSTYLED = {"no-js", "js"}


def without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)


def styled() -> set[str]:
    css = "\n".join(without_comments(path.read_text(encoding="utf-8")) for path in STYLESHEETS)
    return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", css))


def classes(template: str) -> set[str]:
    """Return the class names in ``template``; a name that ends in a variable comes as its beginning and a star."""
    template = re.sub(r"\{%\s*comment.*?endcomment\s*%\}|\{#.*?#\}", "", template, flags=re.DOTALL)
    template = re.sub(r"\{\{.*?\}\}", "*", template)
    names: set[str] = set()
    for quoted in re.findall(r"\bclass=\"((?:\{%.*?%\}|[^\"])*)\"", template):
        names |= set(re.sub(r"\{%.*?%\}", " ", quoted).split())
    return names - {"*"}


def test_every_class_has_a_style() -> None:
    known = styled() | UNSTYLED

    unknown = [
        f"{name} in {path.relative_to(ROOT)}"
        for path in TEMPLATES
        for name in sorted(classes(path.read_text(encoding="utf-8")))
        if name not in known
        and not (name.endswith("*") and any(other.startswith(name[:-1]) for other in known))
    ]

    assert TEMPLATES
    assert not unknown, "These classes are in no stylesheet (static/css)."


@pytest.mark.parametrize(
    "pattern",
    [
        r"\sstyle\s*=",
        r"<style\b",
        r"\son[a-z]+\s*=\s*[\"']",
        r"<script\b(?![^>]*\bsrc=)",
        r"\shx-on",
    ],
)
def test_nothing_is_inline(pattern: str) -> None:
    assert not [
        path.relative_to(ROOT).as_posix()
        for path in TEMPLATES
        if re.search(pattern, path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("path", STYLESHEETS, ids=lambda path: path.name)
def test_every_token_exists(path: Path) -> None:
    everything = "\n".join(sheet.read_text(encoding="utf-8") for sheet in STYLESHEETS)
    declared = set(re.findall(r"(--[\w-]+)\s*:", everything))
    used = set(re.findall(r"var\((--[\w-]+)", path.read_text(encoding="utf-8")))

    assert used <= declared


@pytest.mark.parametrize(
    "path", [sheet for sheet in STYLESHEETS if sheet.name != "tokens.css"], ids=lambda path: path.name
)
def test_colours_are_tokens(path: Path) -> None:
    css = without_comments(path.read_text(encoding="utf-8"))

    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])", css)
    assert not re.search(r"\b(rgb|hsl)a?\(", css)


def test_every_stylesheet_is_linked() -> None:
    linked = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("templates/**/*.html"))

    assert all(f"css/{path.name}" in linked for path in STYLESHEETS)


def test_files_stay_small() -> None:
    lines = {
        path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in [*STYLESHEETS, *SCRIPTS]
    }

    assert {name: number for name, number in lines.items() if number >= 400} == {}

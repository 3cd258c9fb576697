"""The page on the design names what the code offers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.core.templatetags import dash
from tests.core.test_stylesheets import styled

ROOT = Path(__file__).resolve().parents[2]
DESIGN = (ROOT / "docs" / "design-system.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted({*dash.register.tags, *dash.register.filters} - {"notice"}))
def test_every_template_tag_is_explained(name: str) -> None:
    assert re.search(rf"(\{{% |\|){name}\b", DESIGN)


def test_every_class_that_is_explained_exists() -> None:
    named = set(re.findall(r"`\.([a-z][\w-]*)", DESIGN))

    assert named <= styled()


def test_every_behaviour_is_explained() -> None:
    script = (ROOT / "static" / "js" / "app.js").read_text(encoding="utf-8")

    assert set(re.findall(r"^  /\* \[(data-[\w-]+)", script, flags=re.MULTILINE)) <= set(
        re.findall(r"`(data-[\w-]+)", DESIGN)
    )

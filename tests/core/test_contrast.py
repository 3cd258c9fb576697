"""WCAG 2.2 AA, computed from the tokens: no colour is judged by eye."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
TEXT, GRAPHIC = 4.5, 3.0

GROUNDS = ["ground", "surface", "sunken"]
PAIRS = [
    *((text, ground, TEXT) for text in ["text", "muted", "accent", "accent-strong"] for ground in GROUNDS),
    *(("text", f"{state}-soft", TEXT) for state in ["ok", "info", "warn", "bad", "accent"]),
    *(("accent", f"{state}-soft", TEXT) for state in ["ok", "info", "warn", "bad", "accent"]),
    *(("muted", f"{state}-soft", TEXT) for state in ["ok", "info", "warn", "bad", "accent"]),
    *((state, f"{state}-soft", TEXT) for state in ["ok", "info", "warn", "bad"]),
    *((state, ground, TEXT) for state in ["ok", "info", "warn", "bad"] for ground in GROUNDS),
    ("accent-strong", "accent-soft", TEXT),
    ("text", "mark", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("on-bad", "bad-solid", TEXT),
    ("header-text", "header", TEXT),
    ("header-muted", "header", TEXT),
    ("header-current", "header", GRAPHIC),
    *((graphic, ground, GRAPHIC) for graphic in ["edge", "focus", "accent"] for ground in GROUNDS),
]


def tokens() -> dict[str, tuple[str, str]]:
    """Return the colours of the stylesheet: name -> (light, dark)."""
    found = re.findall(
        r"--color-([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS.read_text(encoding="utf-8")
    )
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    """Return the relative luminance as WCAG defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_colour_has_both_schemes() -> None:
    declared = re.findall(r"--color-([\w-]+):", TOKENS.read_text(encoding="utf-8"))

    assert sorted(declared) == sorted(tokens())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_distinguished(scheme: str) -> None:
    colours = {name: pair[["light", "dark"].index(scheme)] for name, pair in tokens().items()}

    ratios = {(front, back): contrast(colours[front], colours[back]) for front, back, _least in PAIRS}

    too_low = [
        f"{front} on {back} is {ratios[front, back]:.2f}:1, not {least}:1"
        for front, back, least in PAIRS
        if ratios[front, back] < least
    ]
    assert not too_low

# words: skip-file, since its examples are words that the project does not use
"""The project's words are those of its field; see ``tests/words.py`` for those that it does not use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import words

ROOT = Path(__file__).resolve().parent.parent
PLACES = [
    *("apps", "demo", "sandbox", "templates", "static", "docs", "tests"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"),
]
SKIPPED = {"migrations", "node_modules", "vendor", "locale", "__pycache__"}


def files(place: Path) -> Iterator[Path]:
    """Yield the files below a folder, or a file itself, that hold words."""
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        if (
            path.suffix in words.SUFFIXES
            and path.is_file()
            and not SKIPPED.intersection(path.relative_to(ROOT).parts)
            and not path.name.endswith(".min.js")
        ):
            yield path


@pytest.mark.parametrize("place", PLACES)
def test_the_words_are_those_of_the_field(place: str) -> None:
    hits = [
        f"{path.relative_to(ROOT)}:{hit.line}: “{hit.word}” -> {hit.better}"
        for path in files(ROOT / place)
        for hit in words.find(path)
    ]

    assert not hits, "\n".join(["Words that the project does not use:", *hits])


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", "# Nobody is told\nvalue = 'told'\n", [(1, "Nobody"), (1, "told")]),
        ("a.py", "def is_told(wish):  # words: ok\n    pass\n", []),
        ("a.py", "def hear(\n    wish,\n): pass\n", [(1, "hear"), (2, "wish")]),
        ("a.py", "hint = f'{x} is amiss'\n", [(1, "amiss")]),
        ("a.py", "def test_which_fits(): pass\ndef which_fits(): pass\n", [(1, "which fits")]),
        ("a.md", "It is `told` anew, see https://told.example\n```\nlest\n```\n", [(1, "anew")]),
        ("a.html", '<p class="told">{{ told }} amiss</p>\n<script>// lest</script>\n', [(1, "amiss")]),
        ("a.js", "// meanwhile\nlet somebody = 1;\n", [(1, "meanwhile"), (2, "somebody")]),
        ("a.js", "// words: skip-file\n// meanwhile\n", []),
    ],
)
def test_it_finds_words_and_names(tmp_path: Path, name: str, text: str, found: list[tuple[int, str]]) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    assert sorted((hit.line, hit.word) for hit in words.find(path)) == found

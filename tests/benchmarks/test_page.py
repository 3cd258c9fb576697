"""The command line and the page that it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.page import with_results
from benchmarks.report import Bar, Table


def table(caption: str = "Sync") -> Table:
    return Table.of_bars(caption, [Bar("objects/s", "5", "2", 2.5, 2), Bar("MiB", "9", "", 9, 8, most=True)])


def test_a_table_says_what_it_shows_and_where_it_was_measured() -> None:
    text = str(table())

    assert "Measured on 20" in text
    assert "| holds  |" in text
    assert "| MISSED |" in text


def test_one_part_is_replaced_and_the_others_stay() -> None:
    page = (
        "a\n<!-- results: x -->\noutdated\n<!-- end: x -->\nb\n<!-- results: y -->\nkept\n<!-- end: y -->\n"
    )

    written = with_results(page, "x", [table("New")])

    assert "outdated" not in written
    assert "### New" in written
    assert "kept" in written
    with pytest.raises(ValueError, match="no place"):
        with_results(page, "z", [])


def test_every_part_has_its_place_on_the_page() -> None:
    page = command.PAGE.read_text(encoding="utf-8")

    for part in command.PARTS:
        assert with_results(page, part, [table()]) != page


def test_every_part_has_a_test_that_runs_it() -> None:
    folder = Path(__file__).parent
    tests = "".join(
        (folder / name).read_text(encoding="utf-8") for name in ("test_parts.py", "test_served.py")
    )

    for measure in command.PARTS.values():
        assert f"{measure.__module__.rpartition('.')[2]}.{measure.__name__}(repeats=1)" in tests


def test_the_command_measures_what_is_named_and_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- results: sync -->\n<!-- end: sync -->\n", encoding="utf-8")
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "PARTS", {"sync": lambda *, repeats: [table(f"Sync, {repeats} times")]})

    command.main(["--only", "sync", "--repeats", "2", "--write"])

    assert "Sync, 2 times" in capsys.readouterr().out
    assert "Sync, 2 times" in page.read_text(encoding="utf-8")

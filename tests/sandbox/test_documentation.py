"""docs/sandbox.md tells everything that the sandbox can be asked for."""

from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from apps.sandbox.cli import add_arguments
from apps.sandbox.data import DATASETS
from apps.sandbox.faults import KINDS, Fault
from tests.fixtures.sandbox import ROOT

TEXT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def options() -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    return parser.format_usage().replace("[", " ").replace("]", " ").split()


@pytest.mark.parametrize("option", [word for word in options() if word.startswith("--")])
def test_every_option_of_the_command_is_documented(option: str) -> None:
    assert f"`{option}" in TEXT


@pytest.mark.parametrize(
    "word", [*KINDS, *DATASETS, *(item.name for item in fields(Fault) if item.name != "used")]
)
def test_every_fault_option_and_data_set_is_documented(word: str) -> None:
    assert f"`{word}`" in TEXT or f'"{word}"' in TEXT

"""The pages about the sandbox name everything that it can do."""

from __future__ import annotations

import argparse
from dataclasses import fields

from sandbox.cli import add_arguments
from sandbox.data import DATASETS
from sandbox.delivery_faults import DELIVERY_KINDS, DeliveryFault
from sandbox.faults import KINDS, Fault
from sandbox.settings import CHECKS as SETTINGS
from sandbox.workflows import ACTIONS
from tests.fixtures.sandbox import ROOT

PAGES = ("sandbox.md", "sandbox-data.md")
TEXT = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in PAGES)


def options() -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    return parser.format_usage().replace("[", " ").replace("]", " ").split()


def test_every_option_of_the_command_is_documented() -> None:
    named = [word for word in options() if word.startswith("--")]

    assert len(named) > 5
    assert [option for option in named if f"`{option}" not in TEXT] == []


def test_every_fault_option_step_setting_and_data_set_is_documented() -> None:
    words = [
        *(*KINDS, *DELIVERY_KINDS, *DATASETS, *ACTIONS, *SETTINGS),
        *(item.name for item in fields(Fault) if item.name != "used"),
        *(item.name for item in fields(DeliveryFault) if item.name not in {"used", "held"}),
    ]

    assert [word for word in words if f"`{word}`" not in TEXT and f'"{word}"' not in TEXT] == []

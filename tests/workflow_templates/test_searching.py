"""The columns that lists are searched, filtered and sorted by."""

from __future__ import annotations

from apps.pneumatic.canonical.schemas import Kickoff
from apps.workflow_templates.searching import field_types, order_key, search_text
from tests.factories import make_field


def test_a_template_is_searched_by_name_and_description() -> None:
    assert search_text(name="Onboarding", description="For NEW people\0") == "onboarding\nfor new people "


def test_active_templates_sort_before_inactive_ones_then_by_name() -> None:
    keys = [
        order_key(name="apple", is_active=True),
        order_key(name="Banana", is_active=True),
        order_key(name="apple", is_active=False),
    ]
    assert keys == sorted(keys)


def test_the_order_of_a_long_name_fits_its_column() -> None:
    assert len(order_key(name="ß" * 5000, is_active=True)) == 128


def test_each_field_type_is_named_once() -> None:
    kickoff = Kickoff(fields=(make_field("a"), make_field("b", "file"), make_field("c")))
    assert field_types(kickoff) == " file string "
    assert field_types(Kickoff()) == ""


def test_a_hidden_field_is_not_found_by_its_type() -> None:
    kickoff = Kickoff(fields=(make_field("a"), make_field("b", "file", is_hidden=True)))
    assert field_types(kickoff) == " string "

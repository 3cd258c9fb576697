"""The time zones of Pneumatic users are known on every machine, with any zones of its system."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

import pytest


@pytest.fixture
def bare_system() -> Iterator[None]:
    """Take the zones of the machine away: newer systems leave out those of old names, small ones all."""
    zoneinfo.reset_tzpath(to=[])
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("bare_system")
@pytest.mark.parametrize(
    "name",
    ["US/Samoa", "America/Buenos_Aires", "Etc/GMT+12", "Pacific/Guadalcanal", "Europe/Kiev", "Europe/Berlin"],
)
def test_a_zone_that_pneumatic_offers_is_known(name: str) -> None:
    assert zoneinfo.ZoneInfo.no_cache(name).key == name

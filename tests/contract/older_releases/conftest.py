from __future__ import annotations

import datetime as dt

import pytest

from apps.pneumatic.dialects.current import events


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days are those of the zone in which the launches were recorded."""
    monkeypatch.setattr(events, "account_zone", lambda: dt.timezone(dt.timedelta(hours=1)))

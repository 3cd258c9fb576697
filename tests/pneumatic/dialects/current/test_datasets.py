"""Data sets of the current API change while the templates that use them stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pneumatic import samples
from tests.pneumatic.dialects.current import samples as api
from tests.pneumatic.dialects.current.test_templates import CITY, DATASET, account

__all__ = ["account"]


@pytest.mark.parametrize("place", ["own", "fieldset"])
def test_a_value_that_was_added_to_a_data_set_is_on_offer_at_once(account: Any, place: str) -> None:
    """The detail names the data set alone, and stays as it is."""

    def form(selections: list[str]) -> dict[str, Any]:
        if place == "fieldset":
            return api.kickoff(fieldsets=[api.fieldset(CITY)])
        return api.kickoff({**CITY, "selections": selections})

    there = account(
        {
            "GET /templates": samples.envelope([api.summary(1, kickoff=form(["Aarhus", "Łódź"]))]),
            "GET /templates/1": api.detail(1, kickoff=form([])),
        }
    )
    (before,) = there.fetch()
    assert there.client.receive_template(1, known=before.raw).raw == before.raw
    there.server.behaviour = api.routes(
        {
            "GET /templates/1": api.detail(1, kickoff=form([])),
            "GET /datasets/1": {"id": 1, "items": [*DATASET["items"], {"value": "Zürich", "order": 2}]},
        }
    )

    client = there.connect()
    after = client.receive_template(1, known=before.raw)
    again = client.receive_template(1, known=after.raw)

    options = [[option.key for option in row.read().kickoff.fields[0].selections] for row in (before, after)]
    assert options == [["Aarhus", "Łódź"], ["Aarhus", "Łódź", "Zürich"]]
    assert again.raw == after.raw

"""People are found by an index, on either database: nobody's row is read before it matched."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.accounts.models import PneumaticUser

pytestmark = pytest.mark.django_db


def test_a_search_has_an_index_to_read() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, PneumaticUser._meta.db_table)
        assert found["accounts_person_trigrams"]["type"] == "gin"
    else:
        search = PneumaticUser.objects.filter(removed_at=None, search__contains="ana").order_by(
            "search", "id"
        )
        assert "COVERING INDEX accounts_person_search" in search.values_list("id").explain()
        of_those_who_can_be_chosen = search.exclude(status="inactive").values_list("id")
        assert "COVERING INDEX accounts_person_search" in of_those_who_can_be_chosen.explain()

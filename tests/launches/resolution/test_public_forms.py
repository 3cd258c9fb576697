"""A workflow that a public form started is none of a launch's, even if everything else matches."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.launches.resolution import matcher
from tests.factories import make_launch, make_template, make_workflow

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("history", "state"), [({}, "launched"), ({"is_external": True}, "unknown")])
def test_it_is_neither_matched_nor_offered(operator: User, history: dict[str, Any], state: str) -> None:
    template = make_template(7, fields=[])
    launch = make_launch(template, operator, name="Paint", state=Launch.State.UNKNOWN, sent_at=timezone.now())
    now = timezone.now()
    make_workflow(41, name="Paint", template_id=7, started_at=now, last_event_at=now, history=history)
    is_offered = (matcher.candidates(launch).possible, matcher.has_candidates(launch))

    matcher.resolve_similar([(7, "Paint")])

    launch.refresh_from_db()
    assert launch.state == state
    assert is_offered == ((1, True) if state == "launched" else (0, False))

"""What ``check_connection`` reports about each recorded release."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from apps.pneumatic.connection_report import run_checks
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.current.features import V2_TO_V4
from apps.pneumatic.release_report import Check, CheckState, release_checks
from tests.contract.recordings import replaying
from tests.contract.releases_recorded import TAGS, recorded
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

OK, MISSING, UNKNOWN = CheckState.OK, CheckState.MISSING, CheckState.UNKNOWN
Report = dict[str, Check]


@pytest.fixture
def report_of(serve: Serve, connect_to: Connect, settings: Settings) -> Callable[[str], Report]:
    """Return a function that gives the checks by name."""

    def report(tag: str) -> Report:
        names = [
            "webhooks-events",
            "auth-context",
            "probe-google-token",
            "probe-attachments",
            "templates-list",
        ]
        server = serve(replaying(*(recorded(tag, name) for name in names)))
        settings.PNEUMATIC_API_URL = server.url
        settings.PNEUMATIC_DIALECT = "auto"
        return {check.name: check for check in run_checks(connect_to(server.url, dialect=Current()))}

    return report


@pytest.mark.parametrize(
    ("tag", "range_"),
    [
        ("v1.0.0", "1.0 to 1.1 "),
        ("v2.0.4", "2.0 to 4.2 "),
        ("v3.2.0", "2.0 to 4.2 "),
        ("v4.0.0", "2.0 to 4.2 "),
        ("v4.3.0", "4.3 to 4.x "),
        ("v5.0.0", "5.0 to 5.x "),
        ("v6.0.0", "6.0 to 6.x "),
        ("v7.0.0", "7.0 or later "),
    ],
)
def test_the_release_is_named_with_its_evidence_and_its_time(
    report_of: Callable[[str], Report], tag: str, range_: str
) -> None:
    text = report_of(tag)["Release"].text

    assert text.startswith(f"Looks like {range_}(GET /a")
    assert ". Detected on " in text


def between(tag: str, first: str, then: str, values: tuple[CheckState, CheckState]) -> CheckState:
    """Return the state before ``first``, that from ``then`` on, and unknown in between."""
    before, after = values
    return before if tag < first else after if tag >= then else UNKNOWN


@pytest.mark.parametrize("tag", TAGS)
def test_each_feature_has_a_line(report_of: Callable[[str], Report], tag: str) -> None:
    report = report_of(tag)
    text = {name: check.text for name, check in report.items()}

    assert ("MM/DD/YYYY" in text["Dates"].partition(";")[0]) == (tag == "v1.0.0")
    assert text["Options"] == (
        "Sent by api_name."
        if tag < "v5"
        else "Sent by text."
        if tag >= "v6"
        else "Sent by text or api_name, as each template lists them."
    )
    assert text["Users as answers"].startswith("Sent by ID" if tag < "v4.3" else "Sent by e-mail")
    assert ("own storage" in text["Files as answers"]) == (tag < "v7")
    states = {
        "Groups as answers": MISSING if tag < "v4.3" else OK,
        "Numbers": between(tag, "v2", "v4.3", (MISSING, OK)),  # 2.0.4 is not distinguished from 3.2.0
        "Data sets": MISSING if tag < "v6" else OK,
        "Fieldsets": MISSING if tag < "v7" else UNKNOWN,
        "Missed events": MISSING if "v2" <= tag < "v4.3" else OK,
    }
    assert {name: report[name].state for name in states} == states


@pytest.mark.parametrize(
    ("tag", "added"),
    [
        (
            "v1.0.0",
            "3.1 adds number fields. 4.3 adds groups as answers. 6.0 adds data sets. 7.1 adds fieldsets.",
        ),
        ("v2.0.4", "4.3 adds groups as answers, retried deliveries. 6.0 adds data sets. 7.1 adds fieldsets."),
        ("v5.0.0", "6.0 adds data sets. 7.1 adds fieldsets."),
        ("v6.0.0", "7.1 adds fieldsets."),
    ],
)
def test_an_upgrade_adds_what_is_missing(report_of: Callable[[str], Report], tag: str, added: str) -> None:
    assert report_of(tag)["Upgrade"].text == added


def test_the_newest_release_has_no_upgrade(report_of: Callable[[str], Report]) -> None:
    assert "Upgrade" not in report_of("v7.0.0")


def test_what_the_evidence_does_not_decide_is_reported_as_such() -> None:
    report = {check.name: check for check in release_checks(V2_TO_V4)}

    assert report["Missed events"].state is UNKNOWN
    assert report["Missed events"].text.startswith("May not be sent again. Reading back shows status")
    assert report["Release"].text == "Looks like 2.0 to 4.x."

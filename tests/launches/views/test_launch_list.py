"""The launch list: filters, search, pages and the number of queries; the CSV file; what other pages show."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.core.spreadsheet import plain_cell
from apps.launches import selectors
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.factories import NOW, make_launch, make_template, make_user

HTMX = {"HX-Request": "true"}


@pytest.fixture
def names(operator_client: Client) -> Callable[[str], list[str]]:
    """Return a function that returns the names of the launches that a query string shows."""

    def shown(query: str) -> list[str]:
        response = operator_client.get(f"/launches/?{query}")
        assert response.status_code == 200
        return [launch.name for launch in response.context["page"]]

    return shown


def make_many(count: int, template: Template, user: User) -> None:
    Launch.objects.bulk_create(
        Launch(
            submission_id=uuid.uuid4(),
            template=template,
            version=template.current_version,
            name=f"Launch {number}",
            search=f"launch {number}",
            state="launched",
            workflow_id=number,
            launched_by=user,
            created_at=NOW + dt.timedelta(minutes=number),
        )
        for number in range(count)
    )


@pytest.mark.parametrize("query", ["until=9999-12-31", "since=0001-01-01", "until=0001-01-01"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_date_at_the_edge_of_time_is_treated_as_a_typing_error(
    operator_client: Client, no_fields: Template, operator: User, query: str, zone: str
) -> None:
    make_launch(no_fields, operator, name="Shown")

    with timezone.override(zone):
        page = operator_client.get(f"/launches/?{query}")
        export = filtered(operator_client, query)

    assert [launch.name for launch in page.context["page"]] == ["Shown"]
    assert "Shown" in export


def test_an_empty_list_says_what_to_do(operator_client: Client) -> None:
    page = operator_client.get("/launches/").content.decode()

    assert "No launches yet" in page
    assert 'href="/templates/"' in page


def test_no_matches_and_no_launches_have_their_own_texts(operator_client: Client, operator: User) -> None:
    make_launch(make_template(), operator)

    assert "No matching launches" in operator_client.get("/launches/?q=zebra").content.decode()


def test_it_is_filtered_by_everything_that_it_shows(
    names: Callable[[str], list[str]], operator: User
) -> None:
    onboarding, purchase = make_template(name="Onboarding"), make_template(name="Purchase request")
    other = make_user("other", "Operator")
    make_launch(onboarding, operator, name="A", workflow_id=4711, created_at=NOW)
    make_launch(purchase, other, name="B", state="unknown", created_at=NOW + dt.timedelta(days=1))

    assert names("") == ["B", "A"]
    assert names("state=unknown") == ["B"]
    assert names(f"person={operator.pk}") == ["A"]
    assert names(f"template={purchase.pk}") == ["B"]
    assert names("template=request+PURCH") == ["B"]
    assert names(f"since={(NOW + dt.timedelta(days=1)).date()}") == ["B"]
    assert names(f"until={NOW.date()}") == ["A"]
    assert names("q=4711") == ["A"]
    assert names(f"q=b&state=unknown&person={other.pk}&template=purchase") == ["B"]
    assert names("q=b&state=failed") == []


def test_days_are_those_of_the_local_time(names: Callable[[str], list[str]], operator: User) -> None:
    """22:30 in UTC is the next day in Berlin."""
    make_launch(
        make_template(), operator, name="Late", created_at=dt.datetime(2026, 5, 4, 22, 30, tzinfo=dt.UTC)
    )

    assert names("since=2026-05-05") == ["Late"]
    assert names("until=2026-05-04") == []


@pytest.mark.parametrize("query", ["ÅNGSTRÖM", "plan ångström", "100%", "under_score"])
def test_it_finds_words_in_any_case_and_order(
    names: Callable[[str], list[str]], operator: User, query: str
) -> None:
    template = make_template()
    make_launch(template, operator, name="Ångström plan 100% under_score")
    make_launch(template, operator, name="1000 underXscore")

    assert names(f"q={query.replace('%', '%25').replace(' ', '+')}") == ["Ångström plan 100% under_score"]


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "person=x", "since=yesterday", "q=%00", "template=%00", "q=" + "9" * 40, "after=x"],
)
def test_nonsense_in_the_address_is_no_error(
    names: Callable[[str], list[str]], operator: User, query: str
) -> None:
    make_launch(make_template(), operator, name="A")

    assert names(query) in (["A"], [])


def test_htmx_gets_the_results_only(operator_client: Client, operator: User) -> None:
    make_launch(make_template(), operator, name="A")

    page = operator_client.get("/launches/?q=a", headers=HTMX)

    assert "<html" not in page.content.decode()
    assert "1 launch found" in page.content.decode()
    assert "HX-Request" in page["Vary"]


def test_pages_show_every_launch_once(operator_client: Client, operator: User) -> None:
    make_many(120, make_template(), operator)
    url, seen = "/launches/?state=launched", []

    while url:
        page = operator_client.get(url).context["page"]
        seen += [launch.name for launch in page]
        url = page.next_url

    assert seen == [f"Launch {number}" for number in reversed(range(120))]


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("query", ["", "?q=launch", "?template=template&state=launched"])
def test_the_number_of_queries_does_not_grow(operator_client: Client, operator: User, query: str) -> None:
    make_launch(make_template(name="Template"), operator, name="Launch")
    queries(operator_client, f"/launches/{query}")  # the first page of all asks for what is remembered then
    few = queries(operator_client, f"/launches/{query}")
    for number in range(60):
        user = make_user(f"user{number}", "Operator")
        make_launch(make_template(name=f"Template {number}"), user, name=f"Launch {number}")

    assert queries(operator_client, f"/launches/{query}") == few
    assert few <= 11


def test_a_session_that_ended_reaches_htmx_as_a_page(client: Client, db: None) -> None:
    response = client.get("/launches/", headers=HTMX)

    assert "/login/" in response["HX-Redirect"]


def test_the_csv_file_has_every_matching_launch(operator_client: Client, operator: User) -> None:
    template = make_template(name="=1+1")
    make_many(120, template, operator)
    make_launch(template, operator, name="@SUM(A1)", state="failed", reason="-1")

    response = operator_client.get("/launches/export.csv?template=%3D1")

    text = response.getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    assert len(rows) == 121
    failed = next(row for row in rows if row["Status"] == "failed")
    assert (failed["Workflow name"], failed["Template"], failed["Reason"]) == ("'@SUM(A1)", "'=1+1", "'-1")
    assert len(list(csv.DictReader(io.StringIO(filtered(operator_client, "state=failed"))))) == 1


def filtered(client: Client, query: str) -> str:
    return client.get(f"/launches/export.csv?{query}").getvalue().decode("utf-8-sig")


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_is_a_formula(start: str) -> None:
    assert plain_cell(f"{start}cmd|' /C calc'!A0").startswith("'")


def test_plain_cells_stay_as_they_are() -> None:
    assert plain_cell("a-b=c") == "a-b=c"


def test_the_home_page_gets_what_is_recent_and_what_waits(operator: User) -> None:
    template = make_template()
    recent = timezone.now()
    other_user = make_launch(template, make_user("other"), state="unknown", created_at=recent)
    unknown = make_launch(template, operator, state="unknown", created_at=NOW - dt.timedelta(days=300))
    failed = make_launch(template, operator, state="failed", created_at=recent)
    make_launch(template, operator, state="failed", created_at=recent - dt.timedelta(days=31))
    corrected = make_launch(template, operator, state="rejected", created_at=recent)
    successor = make_launch(
        template, operator, created_at=recent + dt.timedelta(seconds=1), previous=corrected
    )

    waiting = selectors.needing_attention(operator, 10)

    assert waiting == [failed, unknown]
    assert selectors.recent_for(operator, 1) == [successor]
    assert other_user not in selectors.recent_for(operator, 10)


def test_the_page_of_a_template_shows_its_launches(operator_client: Client, operator: User) -> None:
    template = make_template()
    make_launch(template, operator, name="Of this template")
    make_launch(make_template(), operator, name="Of another")

    page = operator_client.get(f"/templates/{template.pk}/").content.decode()

    assert "Of this template" in page
    assert "Of another" not in page

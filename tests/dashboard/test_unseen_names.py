"""Names of which nothing can be seen: wherever they are shown, there is something to read and to click."""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from django.test import Client

from apps.core.text.visible import is_blank
from apps.launches.models import Launch, UploadedFile
from apps.pneumatic.canonical.schemas import Fieldset, Kickoff, Selection, Task
from apps.preparation.models.draft import Draft
from apps.webhooks.models import Event
from tests.factories import (
    NOW,
    client_of,
    make_field,
    make_launch,
    make_pneumatic_group,
    make_pneumatic_user,
    make_template,
    make_user,
    make_version,
    make_workflow,
)
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver

pytestmark = pytest.mark.django_db
UNSEEN = "\N{ZERO WIDTH SPACE}\N{HANGUL FILLER}"
READ = {"a", "bdi", "button", "dt", "h1", "h2", "h3", "label", "legend", "summary", "th", "title"}
VOID = {"input", "br", "img", "meta", "link", "hr", "col", "wbr"}


class _Page(HTMLParser):
    """Collects the elements in READ of which nothing can be seen, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.unseen: list[str] = []
        self._open: list[tuple[str, str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        label = given.get("aria-label") or given.get("alt") or given.get("title") or ""
        if tag not in VOID:
            self._open.append((tag, self.get_starttag_text() or "", [label]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Ignore the shapes of an icon."""

    def handle_data(self, data: str) -> None:
        for _tag, _start, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, start, texts = self._open.pop()
            if opened in READ and " hidden" not in start and is_blank("".join(texts)):
                self.unseen.append(start)
            if opened == tag:
                return


def unseen_on(page: str) -> list[str]:
    parser = _Page()
    parser.feed(page)
    assert "h1" in page
    return parser.unseen


@pytest.fixture
def browser(deliver: Deliver) -> Client:
    """Return the browser of a superuser, where nothing has a name that can be seen."""
    user = make_user("root", first_name=UNSEEN, last_name=UNSEEN, is_staff=True, is_superuser=True)
    fields = (
        make_field(name=UNSEEN),
        make_field("pick", "radio", name=UNSEEN, selections=(Selection("1", UNSEEN), Selection(UNSEEN, ""))),
        make_field("grouped", name=UNSEEN, fieldset="group"),
    )
    form = Kickoff(fields=fields, fieldsets=(Fieldset("group", title=UNSEEN),))
    task = Task(1, 1, UNSEEN, other_performers=(UNSEEN,), fields=(make_field(name=UNSEEN),))
    template = make_template(7, name=UNSEEN, kickoff=form, tasks=[task], workflow_name=UNSEEN)
    make_version(template, fields=fields[:2])
    launch = make_launch(template, user, name=UNSEEN, upstream_name=UNSEEN, workflow_id=5)
    make_launch(template, user, name=UNSEEN, state=Launch.State.UNKNOWN, previous=launch)
    make_pneumatic_user(1, name=UNSEEN, email=UNSEEN)
    make_pneumatic_group(2, name=UNSEEN)
    UploadedFile.objects.create(owner=user, name=UNSEEN, size=1, created_at=NOW)
    unseen = payloads.task(1, workflow_id=5, name=UNSEEN)
    outputs = [{"api_name": "pick", "name": UNSEEN, "type": "string", "value": UNSEEN}]
    deliver(payloads.started(5, name=UNSEEN, current_task=unseen, template_name=UNSEEN, kickoff=outputs))
    deliver(payloads.task_completed(5, 1, name=UNSEEN, template_name=UNSEEN))
    make_workflow(
        6,
        name=UNSEEN,
        template_id=8,
        template_name=UNSEEN,
        task_name=f"{UNSEEN}, {UNSEEN}",
        performers=[(1, UNSEEN)],
        launched_by=user,
    )
    Draft.objects.create(
        template=template,
        version=launch.version,
        owner=user,
        workflow_name=UNSEEN,
        editor=uuid4(),
        created_at=NOW,
        updated_at=NOW,
    )
    return client_of(user)


def pages() -> list[str]:
    """Return the addresses of all pages that show names."""
    launches = [f"/launches/{launch.pk}/" for launch in Launch.objects.all()]
    events = [f"/workflows/5/events/{event.pk}/" for event in Event.objects.all()]
    return [
        *("/", "/search/?q=5", "/templates/", "/templates/7/", "/templates/7/versions/2/"),
        *("/templates/7/launch/", f"/templates/7/launch/?from={Launch.objects.latest('pk').pk}"),
        *(
            "/launches/",
            *launches,
            "/workflows/",
            "/workflows/5/",
            "/workflows/6/",
            *events,
            "/sync/",
            "/drafts/",
        ),
    ]


def test_pages_show_something_in_place_of_each(browser: Client) -> None:
    unseen = {path: found for path in pages() if (found := unseen_on(browser.get(path).content.decode()))}
    assert unseen == {}


@pytest.mark.parametrize(
    "path",
    [
        "accounts/pneumaticuser",
        "accounts/pneumaticgroup",
        "launches/launch",
        "launches/uploadedfile",
        "workflow_templates/template",
        "workflow_templates/templateversion",
        "workflows/workflow",
    ],
)
def test_rows_of_the_admin_can_be_clicked(browser: Client, path: str) -> None:
    response = browser.get(f"/admin/{path}/")
    row = response.context["cl"].result_list[0]
    assert unseen_on(response.content.decode()) == []
    assert unseen_on(browser.get(f"/admin/{path}/{row.pk}/change/").content.decode()) == []


@pytest.mark.parametrize("path", ["/launches/export.csv", "/workflows/export.csv"])
def test_cells_of_an_export_have_a_name(browser: Client, path: str) -> None:
    text = b"".join(browser.get(path)).decode()
    for row in csv.DictReader(text.removeprefix("\ufeff").splitlines()):
        assert not is_blank(row["Workflow name"]), row

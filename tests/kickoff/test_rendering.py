"""What the browser gets."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string

from apps.core.people import Person
from apps.kickoff.fields import create, registered
from apps.kickoff.forms import KickoffForm
from apps.kickoff.names import control_name
from tests.factories import make_field
from tests.kickoff.fakes import FewPeople, make_form, numbered

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class Page(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts += bool(data.strip())

    def all(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _tag, attributes in self.elements if attribute in attributes]

    def one(self, element_id: str) -> dict[str, str | None]:
        [found] = [attributes for _tag, attributes in self.elements if attributes.get("id") == element_id]
        return found


def render(form: KickoffForm) -> str:
    return render_to_string("kickoff/form_fields.html", {"form": form, "upload_url": "/launches/files/"})


@pytest.mark.parametrize("type_name", [*sorted(registered()), "hologram"])
@pytest.mark.parametrize("count", [3, 40])
def test_hostile_text_is_only_text(type_name: str, count: int) -> None:
    definition = make_field(
        HOSTILE, type_name, name=HOSTILE, description=HOSTILE, selections=numbered(count), is_required=True
    )
    control = control_name(HOSTILE)
    form = make_form(
        definition,
        data={control: HOSTILE, f"find-{HOSTILE}": HOSTILE, "name": HOSTILE},
        people=FewPeople(Person(id=1, name=HOSTILE, email=HOSTILE, status="active")),
    )
    form.add_server_errors({HOSTILE: [HOSTILE], "": [HOSTILE]})

    html = render(form) + render_to_string("kickoff/error_summary.html", {"form": form})
    page = Page(html)

    assert {"script", "img"}.isdisjoint(tag for tag, _attributes in page.elements)
    assert page.all("onerror") == []
    if type_name != "hologram":
        assert control in [*page.all("name"), *page.all("data-name")]


@pytest.mark.parametrize("type_name", sorted(registered()))
@pytest.mark.parametrize("count", [3, 40])
def test_errors_lead_to_the_control_and_the_control_names_them(type_name: str, count: int) -> None:
    definition = make_field("a", type_name, description="Help.", is_required=True, selections=numbered(count))
    form = make_form(definition, data={})
    page = Page(render(form))

    [problem] = form.problems
    target = page.one(problem.target)
    describing = [
        attributes.get("aria-describedby") or ""
        for _tag, attributes in page.elements
        if attributes.get("id") in {"id_kickoff_1", "id_kickoff_1_group"}
    ]
    assert target["name"] in {"kickoff-a", "find-a"}
    assert "id_kickoff_1_help id_kickoff_1_error" in describing
    page.one("id_kickoff_1_help")
    page.one("id_kickoff_1_error")


def test_ids_go_by_position_and_are_unique() -> None:
    definitions = [
        make_field(f"a{at}", type_name, selections=numbered(20)) for at, type_name in enumerate(registered())
    ]
    html = render(make_form(*definitions, data={f"find-a{at}": "e" for at in range(20)}))
    ids = Page(html).all("id")

    assert len(ids) == len(set(ids))
    assert all(element_id.startswith(("id_kickoff_", "id_name", "kickoff-texts")) for element_id in ids)


def test_the_description_is_rendered_as_harmless_markdown() -> None:
    html = render(make_form(make_field("a", description="**Bold** [x](javascript:alert(1)) <u>u</u>")))

    assert "<strong>Bold</strong>" in html
    assert "javascript:" not in Page(html).all("href")
    assert "<u>" not in html


def test_there_is_nothing_that_a_strict_policy_forbids() -> None:
    page = Page(render(make_form(*(make_field(name, name) for name in registered()))))

    assert page.all("style") == []
    assert [name for _tag, attributes in page.elements for name in attributes if name.startswith("on")] == []
    assert {"style", "script"}.isdisjoint(tag for tag, _attributes in page.elements)


def test_text_that_begins_with_an_empty_line_keeps_it() -> None:
    html = render(make_form(make_field("a", "text"), initial={"kickoff-a": "\nsecond"}))

    assert ">\n\nsecond</textarea>" in html


@pytest.mark.parametrize(
    ("type_name", "count"), [("radio", 3), ("dropdown", 3), ("dropdown", 40), ("radio", 40)]
)
def test_only_an_optional_choice_has_a_way_back(type_name: str, count: int) -> None:
    optional = make_field("a", type_name, selections=numbered(count))
    required = make_field("a", type_name, selections=numbered(count), is_required=True)
    initial = {"kickoff-a": "1"}

    assert "No answer" in render(make_form(optional, initial=initial))
    assert "No answer" not in render(make_form(required, initial=initial))


def test_a_file_that_is_attached_can_be_unticked() -> None:
    html = render(make_form(make_field("a", "file"), initial={"kickoff-a": ["u-1", "u-2"]}))
    boxes = [attributes for _tag, attributes in Page(html).elements if attributes.get("type") == "checkbox"]

    assert [(box["name"], box["value"], "checked" in box) for box in boxes] == [
        ("kickoff-a", "u-1", True),
        ("kickoff-a", "u-2", True),
    ]
    assert Page(html).all("href") == ["https://files.example.com/41", "https://files.example.com/42/small"]


def test_the_size_limit_and_the_address_of_uploads_are_there_for_the_script() -> None:
    page = Page(render(make_form(make_field("a", "file"))))

    assert page.all("data-size-limit") == ["104857600"]
    assert page.all("data-upload-url") == ["/launches/files/"]


def test_a_search_has_a_button_that_works_without_a_script() -> None:
    html = render(make_form(make_field("who", "user"), template_id=7))
    [button] = [attributes for tag, attributes in Page(html).elements if tag == "button"]

    assert (button["name"], button["value"], button["formaction"]) == ("find", "who", "#id_kickoff_1_group")


def test_the_page_contains_the_url_for_searches() -> None:
    definitions = [make_field("who", "user"), make_field("a/b c", "dropdown", selections=numbered(40))]

    assert Page(render(make_form(*definitions, template_id=7))).all("data-url") == [
        "/people/",
        "/templates/7/options/?field=a%2Fb+c",
    ]
    assert Page(render(make_form(*definitions))).all("data-url") == ["/people/", ""]


def test_a_form_with_long_lists_stays_small() -> None:
    crowd = FewPeople(
        *(Person(id=at, name=f"Person {at}", email=f"{at}@example.com") for at in range(1, 5000))
    )
    types = ["string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user", "user", "user"]
    definitions = [
        make_field(f"field-{at}", type_name, description="Some **help**.", selections=numbered(1000))
        for at, type_name in enumerate(types)
        if type_name != "checkbox"
    ]
    data = {f"find-field-{at}": "e" for at in range(8, 11)}

    untouched = render(make_form(*definitions, people=crowd, template_id=7))
    searched = render(make_form(*definitions, people=crowd, template_id=7, data=data, find="field-8"))

    assert len(untouched.encode()) < 20 * 1024
    assert len(Page(untouched).elements) + Page(untouched).texts < 270
    assert len(searched.encode()) < 40 * 1024


@pytest.mark.parametrize(
    ("type_name", "stored"),
    [
        ("text", "one\n<b>two"),
        ("url", "https://example.com/?a=1&b=2"),
        ("url", "javascript:alert(1)"),
        ("file", [{"id": "1", "name": "<a>.txt", "url": "https://example.com/f", "size": 10}]),
        ("user", {"id": 1, "email": "ada@example.com", "name": "<Ada>"}),
    ],
)
def test_answers_are_shown_as_text_and_safe_links(type_name: str, stored: object) -> None:
    field = create(make_field("a", type_name))
    html = render_to_string("core/answer.html", {"answer": field.describe(field.from_json(stored))})
    page = Page(html)

    assert {tag for tag, _attributes in page.elements} <= {"div", "a", "span", "br"}
    assert all(href.startswith("https://") for href in page.all("href"))

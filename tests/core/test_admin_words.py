"""Django admin uses the words of the product, on every list and every page of a row, those of libraries too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Field
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.core.templatetags.admin_rows import EMPTY
from apps.sync.readonly import BoundedPaginator, pretty
from tests.factories import client_of, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("populated")]

HEADING = re.compile(r'<th scope="col"[^>]*>(.*?)</th>', re.DOTALL)
LABEL = re.compile(r"<label\b[^>]*>(.*?)</label>", re.DOTALL)
TITLE = re.compile(
    r"<(?:h1|h2|h3|caption|legend|summary|dt)\b[^>]*>(.*?)</(?:h1|h2|h3|caption|legend|summary|dt)>",
    re.DOTALL,
)
# A name of Python, and what Django makes of one: "Get full name", "Is active", "Id".
RAW = re.compile(r"[a-z]_|_[a-z]|^(?:Get|Is|Has) |\b(?:Id|Pk|Obj|Str)\b")
# What Django says and this product does not.
DJANGO_WORDS = re.compile(
    r"Authentication and Authorization|Staff status|Superuser status|Log out|View site|Site administration"
    r"|\bGroups?\b(?<!Pneumatic group)(?<!Pneumatic groups)"
)


def lists() -> Iterator[tuple[admin.ModelAdmin[Any], str]]:
    """Return every list with its path; a page that takes the place of a list has no columns and is left out."""
    for model_admin in admin.site._registry.values():
        opts = model_admin.opts
        yield model_admin, reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")


def pages(client: Client) -> dict[str, str]:
    """Return the list and the page of one row of every registered model, by path."""
    found: dict[str, str] = {}
    for model_admin, path in lists():
        paths = [path]
        opts = model_admin.opts
        if opts.managed and "change" in {
            str(pattern.name).rpartition("_")[2] for pattern in model_admin.get_urls()
        }:
            row = model_admin.model._default_manager.first()
            if row is not None:
                paths.append(
                    reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[quote(row.pk)])
                )
        found |= {one: client.get(one).content.decode() for one in paths}
    return found


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split()).rstrip(":")


@pytest.fixture
def superuser(db: None) -> User:
    return make_user("root", "Administrator", is_staff=True, is_superuser=True)


def test_no_heading_and_no_label_is_a_name_of_python(superuser: User) -> None:
    raw = [
        f"{path}: {words}"
        for path, page in pages(client_of(superuser)).items()
        for pattern in (HEADING, LABEL, TITLE)
        for words in map(text, pattern.findall(page))
        if RAW.search(words)
    ]

    assert not raw, "\n".join(raw)


def test_every_column_has_a_heading() -> None:
    """Without a verbose name, Django makes the heading of the column's or the method's name."""
    unnamed = []
    for model_admin, path in lists():
        for name in model_admin.list_display if model_admin.opts.managed else ():
            field = next((field for field in model_admin.opts.fields if field.name == name), None)
            named: Any = field if field is not None else getattr(model_admin, str(name), None)
            words = (
                vars(named)["_verbose_name"]
                if isinstance(named, Field)
                else getattr(named, "short_description", None)
            )
            if not words and name not in {"__str__", "id"}:
                unnamed.append(f"{path}: {name}")

    assert not unnamed


def test_yes_and_no_are_words(superuser: User) -> None:
    found = pages(client_of(superuser))

    assert len(found) > 25
    assert not [path for path, page in found.items() if re.search(r"icon-(yes|no|unknown)", page)]


def test_django_says_what_the_product_says(superuser: User) -> None:
    client = client_of(superuser)
    found = pages(client) | {path: client.get(path).content.decode() for path in ("/admin/", "/admin/auth/")}

    strange = {path: DJANGO_WORDS.findall(text(page)) for path, page in found.items()}

    assert not {path: words for path, words in strange.items() if words}


def test_a_section_has_the_models_of_libraries_too(superuser: User) -> None:
    client = client_of(superuser)

    for path in ("/admin/accounts/", "/admin/auth/"):
        page = text(client.get(path).content.decode().partition("<main")[2])
        assert page.index("Pneumatic users") < page.index("Roles") < page.index("Sign-ins")
    assert client.get("/admin/nothing/").status_code == 404
    assert client.get("/admin/password_change/")["Location"] == "/account/password/"


def test_a_list_without_rows_says_so(superuser: User) -> None:
    client = client_of(superuser)

    assert (
        "No matching workflows" in client.get("/admin/workflows/workflow/?q=nothing-like-it").content.decode()
    )
    assert "No sign-in limits yet" in client.get("/admin/accounts/signinlimit/").content.decode()


def test_a_count_up_to_a_limit_is_no_number_of_rows(superuser: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedPaginator, "MAX_ROWS", 2)

    page = text(client_of(superuser).get("/admin/workflows/workflow/").content.decode())

    assert "more than 2 workflows" in page


def test_every_cell_has_the_heading_of_its_column(superuser: User) -> None:
    page = client_of(superuser).get("/admin/accounts/user/").content.decode().partition("<tbody")[2]

    assert re.search(r'<th data-label="Username" class="field-username">', page)
    assert 'data-label="Last sign-in"' in page
    assert '<td class="action-checkbox">' in page


def test_long_json_is_folded_away() -> None:
    assert pretty({"a": 1}).startswith("<pre>")
    assert "Show 102 lines" in pretty(list(range(100)))
    assert pretty({}) == EMPTY

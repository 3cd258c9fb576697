from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import constants as levels
from django.contrib.messages.storage.base import Message
from django.template import Context, RequestContext, Template
from django.test import RequestFactory
from django.utils import timezone

from apps.accounts.models import User
from apps.core import icons


def rendered(source: str, **context: object) -> str:
    return Template("{% load dash %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (dt.timedelta(0), "just now"),
        (dt.timedelta(seconds=59), "just now"),
        (dt.timedelta(minutes=3, seconds=40), "3\xa0minutes ago"),
        (dt.timedelta(hours=1, minutes=59), "1\xa0hour ago"),
        (dt.timedelta(days=400), "1\xa0year ago"),
        (dt.timedelta(hours=-5, minutes=-1), "just now"),  # by the clock of another server
    ],
)
def test_ago_shows_the_distance_as_text(distance: dt.timedelta, words: str) -> None:
    assert f">{words}</time>" in rendered("{% ago timestamp %}", timestamp=timezone.now() - distance)


def test_what_is_yet_to_come_says_when() -> None:
    later = timezone.now() + dt.timedelta(hours=5, minutes=1)

    assert ">in 5\xa0hours</time>" in rendered("{% ago timestamp is_past=False %}", timestamp=later)


def test_ago_contains_the_exact_local_time() -> None:
    html = rendered("{% ago timestamp %}", timestamp=dt.datetime(2026, 1, 5, 23, 30, tzinfo=dt.UTC))

    assert 'datetime="2026-01-06T00:30:00+01:00"' in html  # tests run in Europe/Berlin
    assert re.search(r'title="[^"]*2026[^"]* CET"', html)


def test_ago_says_never() -> None:
    assert rendered("{% ago timestamp %}", timestamp=None) == "never"


def test_bytes_are_words() -> None:
    assert rendered("{{ size|bytes }}", size=3_400_000) == "3.2\xa0MB"


def test_markdown_of_nothing_is_nothing() -> None:
    assert rendered("{{ text|markdown }}", text=None) == ""


def test_markdown_is_safe_and_text_is_not() -> None:
    html = rendered("{{ text|markdown }}{{ text }}", text="*a* <b>")

    assert html == "<p><em>a</em> &lt;b&gt;</p>\n*a* &lt;b&gt;"


@pytest.mark.parametrize("name", icons.PATHS)
def test_every_icon_is_drawn_and_hidden_from_screen_readers(name: str) -> None:
    html = rendered("{% icon name %}", name=name)

    assert html.startswith('<svg class="icon"')
    assert 'aria-hidden="true"' in html


@pytest.mark.parametrize(
    ("level", "kind"),
    [
        (levels.INFO, "info"),
        (levels.SUCCESS, "ok"),
        (levels.WARNING, "warn"),
        (levels.ERROR, "bad"),
        (99, "info"),
    ],
)
def test_messages_are_notices(level: int, kind: str) -> None:
    assert rendered("{{ message|notice }}", message=Message(level, "text")) == kind


def navigation(user: User | AnonymousUser, path: str, item: str) -> str:
    request = RequestFactory().get(path)
    request.user = user
    return Template("{% load dash %}" + item).render(RequestContext(request)).strip()


def test_the_navigation_marks_where_people_are(operator: User) -> None:
    item = '{% nav_item "template-list" "Templates" "templates" "workflow_templates.view_template" %}'

    assert 'aria-current="page"' in navigation(operator, "/templates/", item)
    assert 'aria-current="true"' in navigation(operator, "/templates/12/", item)
    assert "aria-current" not in navigation(operator, "/launches/", item)


def test_the_navigation_shows_no_way_into_a_wall(no_role: User) -> None:
    item = '{% nav_item "template-list" "Templates" "templates" "workflow_templates.view_template" %}'

    assert navigation(no_role, "/", item) == ""
    assert navigation(AnonymousUser(), "/", item) == ""


def test_home_is_current_only_at_home(operator: User) -> None:
    item = '{% nav_item "dashboard" "Home" "home" %}'

    assert "aria-current" not in navigation(operator, "/templates/", item)
    assert 'aria-current="page"' in navigation(operator, "/", item)


def test_an_address_that_does_not_exist_is_no_item(operator: User) -> None:
    assert navigation(operator, "/", '{% nav_item "no-such-page" "X" "home" %}') == ""

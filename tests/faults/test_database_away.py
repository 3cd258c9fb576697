"""The real web server while its database is silent, or ends connections again and again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.conf import settings
from django.db import connection

from apps.accounts.models import User
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery
from tests.factories import client_of
from tests.fixtures import payloads
from tests.fixtures.database import database_url
from tests.fixtures.deliveries import addressed
from tests.fixtures.proxy import Proxy, proxy_to
from tests.fixtures.served import Serve, Web
from tests.fixtures.waiting import HANG_SECONDS, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

HOST = "https://dash.example.com"

Get = Callable[[str], requests.Response]


@pytest.fixture(scope="module")
def link(django_db_setup: None) -> Iterator[tuple[Proxy, str]]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no network.")
    with proxy_to(database_url()) as (proxy, url):
        yield proxy, url


@pytest.fixture
def proxy(link: tuple[Proxy, str], serve: Serve) -> Iterator[tuple[Proxy, Web]]:
    """Yield the connection to the database, and a web server that has found it in order."""
    proxy, url = link
    web = serve(DATABASE_URL=url, DATABASE_TIMEOUT="1", WEBHOOK_WRITE_TIMEOUT="1")
    wait_for(lambda: requests.get(f"{web.url}/readyz", timeout=HANG_SECONDS).ok)
    try:
        yield proxy, web
    finally:
        proxy.restore()


@pytest.fixture
def get(proxy: tuple[Proxy, Web], operator: User) -> Iterator[Get]:
    """Return a function that opens a page as a signed-in user."""
    cookie = client_of(operator).cookies[settings.SESSION_COOKIE_NAME].value
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set(settings.SESSION_COOKIE_NAME, cookie)
        yield lambda path: session.get(f"{proxy[1].url}{path}", allow_redirects=False, timeout=HANG_SECONDS)


def test_a_silent_database_stops_no_page_forever(proxy: tuple[Proxy, Web], get: Get) -> None:
    link, web = proxy
    assert get("/launches/").status_code == 200
    link.silence()

    away = [get("/launches/") for _thread in range(3)]
    alive, ready = (
        requests.get(f"{web.url}{path}", timeout=HANG_SECONDS) for path in ("/healthz", "/readyz")
    )
    link.restore()

    assert {page.status_code for page in away} == {503}
    assert all("The database is not available" in page.text for page in away)
    assert (alive.status_code, ready.status_code) == (200, 503)
    wait_for(lambda: get("/launches/").status_code == 200)
    assert get("/readyz").status_code == 200
    assert "Traceback" not in web.text()


def test_a_silent_database_keeps_no_sender_waiting(proxy: tuple[Proxy, Web]) -> None:
    link, web = proxy
    path = endpoints.path(endpoints.active())
    body = json.dumps(addressed(payloads.started(), HOST + path))

    def send(path: str = path) -> int:
        url = f"{web.url}{path}"
        return requests.post(url, data=body, timeout=HANG_SECONDS).status_code

    wait_for(lambda: send() == 200)
    before = Delivery.objects.count()
    link.silence()
    with ThreadPoolExecutor(12) as pool:  # more than there are threads
        away = [*pool.map(send, [path] * 11), *pool.map(send, ["/hooks/unknown/"])]
        alive = requests.get(f"{web.url}/healthz", timeout=HANG_SECONDS)
    link.restore()

    assert set(away) == {503}
    assert alive.status_code == 200
    wait_for(lambda: send() == 200)
    assert Delivery.objects.count() > before
    assert "Traceback" not in web.text()
    assert "A delivery was not stored: " in web.text()


def test_connections_that_end_again_and_again_lead_to_no_raw_error(
    proxy: tuple[Proxy, Web], get: Get
) -> None:
    link, web = proxy
    statuses = set()
    for _time in range(20):
        statuses.add(get("/launches/").status_code)
        link.cut()
    link.refuse()
    refused = get("/launches/")
    link.restore()

    assert statuses <= {200, 503}
    assert refused.status_code == 503
    wait_for(lambda: get("/launches/").status_code == 200)
    assert "Traceback" not in web.text()

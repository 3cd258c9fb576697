"""The documented nginx in front of the real web server: slow senders occupy no thread of it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery
from benchmarks import nginx, slow
from tests.fixtures import payloads
from tests.fixtures.deliveries import addressed
from tests.fixtures.served import Serve, Web
from tests.fixtures.waiting import HANG_SECONDS

SENDERS = 30  # the web server has 8 threads


@pytest.fixture
def installed() -> None:
    """Skip where there is no nginx; in CI its tests must run."""
    if nginx.PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("No nginx is installed; in CI its tests must run.")
        pytest.skip("No nginx is installed.")


@pytest.fixture
def port(installed: None, web: Web, tmp_path: Path) -> Iterator[int]:
    """Return the port of the documented nginx in front of a web server."""
    with nginx.proxy(tmp_path, upstream=web.port) as port:
        yield port


def below_dash() -> str:
    """Return the locations as the sed command of docs/deployment.md writes them."""
    documented = (nginx.DOCUMENTED / "locations.conf").read_text(encoding="utf-8")
    return re.sub(r"^location (= )?/(?!link-too-long)", r"location \1/dash/", documented, flags=re.MULTILINE)


@pytest.mark.django_db(transaction=True)
def test_slow_senders_take_no_thread_from_pages_and_receiver(port: int) -> None:
    target = f"http://127.0.0.1:{port}{endpoints.path(endpoints.active())}"

    with slow.strangers(port, senders=SENDERS, idle=100) as senders:
        page = requests.get(f"http://127.0.0.1:{port}/login/", timeout=HANG_SECONDS)
        delivery = requests.post(target, json=addressed(payloads.started(), target), timeout=HANG_SECONDS)

        assert slow.answered(senders) == 0, "they are no longer in the way"
    assert (page.status_code, delivery.status_code) == (200, 200)
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_uploads_are_passed_on_while_they_arrive(port: int) -> None:
    """The response comes before the body: no user waits for 100 MB to learn that the session has ended."""
    head = b"POST /launches/files/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000000\r\n\r\n"

    with socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS) as sender:
        sender.sendall(head + b"x")
        answer = sender.recv(1000)

    assert b" 403 " in answer.partition(b"\r\n")[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("installed")
def test_it_serves_below_a_path(serve: Serve, tmp_path: Path) -> None:
    web = serve(PUBLIC_URL="http://127.0.0.1/dash")

    with nginx.proxy(tmp_path, upstream=web.port, locations=below_dash()) as port:
        host = f"http://127.0.0.1:{port}"
        home = requests.get(f"{host}/dash", timeout=HANG_SECONDS)
        receiver = f"{host}/dash{endpoints.path(endpoints.active())}"
        target = f"http://127.0.0.1/dash{endpoints.path(endpoints.active())}"
        delivery = requests.post(receiver, json=addressed(payloads.started(), target), timeout=HANG_SECONDS)
        outside = requests.get(f"{host}/login/", timeout=HANG_SECONDS)

    assert (home.status_code, home.url) == (200, f"{host}/dash/login/?next=/dash/")
    assert 'src="/dash/static/' in home.text
    assert (delivery.status_code, delivery.json()) == (200, {"verdict": "accepted"})
    assert outside.status_code == 404


@pytest.mark.usefixtures("installed")
def test_nginx_takes_every_documented_configuration(tmp_path: Path) -> None:
    """Both files for hosts, at the root and below a path."""
    below = below_dash()
    host = (nginx.DOCUMENTED / "host.conf").read_text(encoding="utf-8")
    without_tls = re.sub(r"^ *(ssl_\w+|listen) .*\n", "", host, flags=re.MULTILINE)

    assert below.count("/dash/") == 3
    for locations in ("", below):
        main = nginx.write(tmp_path, port=1, upstream=2, locations=locations)
        assert nginx.complaints(main) == ""
    (tmp_path / "site.conf").write_text(
        without_tls.replace("/etc/nginx/pneumatic-dash-locations.conf", f"{tmp_path}/locations.conf"), "utf-8"
    )
    assert nginx.complaints(main) == ""

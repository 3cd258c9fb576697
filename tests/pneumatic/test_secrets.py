"""The API key and upload URLs show nowhere: in no message, representation, traceback or log line."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable, Iterator

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from apps.pneumatic.client import Client
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.events import Kind
from tests.pneumatic.conftest import KEY, Connect, Serve
from tests.pneumatic.servers import Behaviour, Seen, Talk

SIGNATURE = "signature-that-must-not-leak"
TARGET = f"https://dash.example.com/hooks/{SIGNATURE}/"


def echoing(status: int) -> Behaviour:
    """Answer with the key in every place that a server might put it."""

    def behave(seen: Seen, talk: Talk) -> None:
        body = {
            "detail": f"Bad token {KEY}",
            KEY: [f"Bearer {KEY}"],
            "errors": [{"name": KEY, "reason": KEY}],
            # What was sent comes back, as servers like to show what they refuse.
            "signed": SIGNATURE if seen.method == "PUT" else "",
            "target": [f"{TARGET} is not accepted", TARGET.partition(".example")[2]]
            if b"hooks" in seen.body
            else "",
        }
        talk.answer(status, body, Set_Cookie=f"file_service_auth={KEY}")

    behave.__name__ = f"echoes_{status}"
    return behave


def silent(seen: Seen, talk: Talk) -> None:
    talk.be_silent()


def dropped(seen: Seen, talk: Talk) -> None:
    talk.drop()


def truncated(seen: Seen, talk: Talk) -> None:
    talk.sock.sendall(f'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{{"{KEY}'.encode())
    talk.drop()


def html(seen: Seen, talk: Talk) -> None:
    talk.answer(200, f"<title>{KEY}</title>".encode(), kind="text/html")


def other_json(seen: Seen, talk: Talk) -> None:
    talk.answer(200, {"unexpected": True})


def ids(behaviour: Behaviour | None) -> str:
    return behaviour.__name__ if behaviour else "refused"


CALLS: dict[str, Callable[[Client, str], object]] = {
    "list": lambda client, url: client.list_templates(),
    "details": lambda client, url: client.get_templates([1, 2, 3]),
    "run": lambda client, url: client.run(1, payload={"name": "x"}),
    "list subscriptions": lambda client, url: client.list_subscriptions(),
    "subscribe": lambda client, url: client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET),
    "unsubscribe": lambda client, url: client.unsubscribe(7),
    "unsubscribe target": lambda client, url: client.unsubscribe_target(TARGET),
    "announce": lambda client, url: client.announce_file(
        filename="a", content_type="a/b", size=1, thumbnail=False
    ),
    "put": lambda client, url: client.put_file(
        f"{url}/store?{SIGNATURE}", io.BytesIO(b"x"), content_type="text/plain", size=1
    ),
}


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{self.format(record)} {record.__dict__}\n"


@pytest.fixture
def log() -> Iterator[Lines]:
    """Write down what every logger says, at DEBUG, urllib3's own settings overruled."""
    handler = Lines()
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "urllib3.connectionpool", "requests")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield handler
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "behaviour",
    [
        *[echoing(status) for status in (302, 400, 401, 403, 404, 408, 413, 429, 500, 503)],
        silent,
        dropped,
        truncated,
        html,
        other_json,
        None,
    ],
    ids=ids,
)
def test_a_failure_tells_no_secret(
    serve: Serve, connect_to: Connect, log: Lines, behaviour: Behaviour | None, call: str
) -> None:
    url = serve(behaviour).url if behaviour else "http://127.0.0.1:9"
    client = connect_to(url, read_timeout=0.1)

    try:
        CALLS[call](client, url)
    except PneumaticError as error:
        shown = everything_that_shows(error)
        report = f"{error} {vars(error)} {error_report(error)}"
    else:
        # A store may answer what it likes; a template that is not found is left out.
        assert (call, ids(behaviour)) in {("put", "html"), ("put", "other_json"), ("details", "echoes_404")}
        shown = report = ""

    assert KEY not in shown
    assert SIGNATURE not in report
    assert SIGNATURE not in log.text
    assert KEY not in log.text


def error_report(error: PneumaticError) -> str:
    """Return what Django mails to the administrators: our frames with their variables, less the sensitive ones."""
    reporter = ExceptionReporter(RequestFactory().get("/"), type(error), error, error.__traceback__)
    frames = [frame for frame in reporter.get_traceback_frames() if "/apps/" in frame["filename"]]
    assert frames
    return "\n".join(f"{name} = {value}" for frame in frames for name, value in frame["vars"])


def everything_that_shows(error: PneumaticError) -> str:
    """Return the message, the chain of exceptions, and the traceback with the variables of our frames."""
    chain: list[BaseException] = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(before)
    parts = [f"{link} {link!r} {vars(link)}" for link in chain]
    for walked, _line in traceback.walk_tb(error.__traceback__):
        if "/apps/pneumatic/" in walked.f_code.co_filename:
            parts += [f"{name} = {value!r}" for name, value in walked.f_locals.items()]
    parts += traceback.format_exception(error)
    assert len(chain) == 1, "an exception of the network stayed behind"
    return "\n".join(parts)


def test_a_client_does_not_show_its_key(connect_to: Connect) -> None:
    client = connect_to("http://127.0.0.1:9")

    assert repr(client) == "<Client http://127.0.0.1:9 (documented)>"
    assert KEY not in repr(client._transport)
    assert KEY not in f"{vars(client)}"


def test_the_urls_of_a_ticket_do_not_show(serve: Serve, connect_to: Connect) -> None:
    url = f"https://store.example/a?{SIGNATURE}"
    server = serve(
        lambda seen, talk: talk.answer(
            body={"id": 1, "file_upload_url": url, "thumbnail_upload_url": f"{url}&thumbnail"}
        )
    )

    ticket = connect_to(server.url).announce_file(
        filename="a.png", content_type="image/png", size=1, thumbnail=True
    )

    assert ticket.thumbnail_upload_url == f"{url}&thumbnail"
    assert SIGNATURE not in repr(ticket)


def test_a_server_cannot_flood_the_reasons(serve: Serve, connect_to: Connect) -> None:
    def behave(seen: Seen, talk: Talk) -> None:
        talk.answer(400, {f"field-{number}": ["word \x1b[31m\u202e " * 200] for number in range(200)})

    with pytest.raises(PneumaticError) as caught:
        connect_to(serve(behave).url).get_template(1)

    errors = caught.value.errors
    assert len(errors) <= 100
    assert all(
        len(reason) <= 500 and reason.isprintable() for reasons in errors.values() for reason in reasons
    )

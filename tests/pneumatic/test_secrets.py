"""The API key and upload URLs show nowhere: in no message, representation, traceback or log line."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription, UploadTicket
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.errors import PneumaticError, ValidationFailed
from apps.pneumatic.server import KnownServer
from tests.fixtures.depth import spread
from tests.pneumatic.actions import templates, upload
from tests.pneumatic.behaviours import SIGNATURE, taking_files
from tests.pneumatic.conftest import KEY, Connect, Serve
from tests.pneumatic.dialects.current import samples
from tests.pneumatic.servers import TIMEOUT_SECONDS, Behaviour, Seen, Talk

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


def ids(value: str | Behaviour | None) -> str:
    return value if isinstance(value, str) else value.__name__ if value else "refused"


@dataclass(frozen=True)
class Call:
    """The call; ``around`` answers the requests before it well, so that the behaviour meets a later request."""

    make: Callable[[Client], object]
    around: Callable[[Behaviour], Behaviour] = lambda behaviour: behaviour
    dialect: type[Documented] | type[Current] = Documented


def to_the_store(behaviour: Behaviour) -> Behaviour:
    if behaviour is dropped:  # as near as can be to a missing store
        return taking_files(store=f"http://127.0.0.1:9/store?{SIGNATURE}")
    return taking_files(behaviour)


def current(**table: Any) -> Callable[[Behaviour], Behaviour]:
    """Answer what is in ``table`` (paths of GET, as keywords) well; the behaviour is for all else."""

    def around(behaviour: Behaviour) -> Behaviour:
        good = {f"/{name.replace('__', '/')}": value for name, value in table.items()}

        def behave(seen: Seen, talk: Talk) -> None:
            path = seen.target.partition("?")[0]
            if seen.method == "GET" and path in good:
                talk.answer(body=good[path])
            else:
                behaviour(seen, talk)

        return behave

    return around


HOOKS = samples.hooks(task_returned=TARGET)
CALLS: dict[str, Call] = {
    "list": Call(lambda client: client.list_templates()),
    "details": Call(lambda client: templates(client, [1, 2, 3])),
    "run": Call(lambda client: client.run(1, payload={"name": "x"})),
    "list subscriptions": Call(lambda client: client.list_subscriptions()),
    "subscribe": Call(lambda client: client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)),
    "unsubscribe": Call(lambda client: client.unsubscribe(Subscription(7, "task_returned", TARGET))),
    "unsubscribe target": Call(lambda client: client.unsubscribe_target(TARGET)),
    "announce": Call(upload),
    "put": Call(upload, to_the_store),
    "publish": Call(upload, lambda behaviour: taking_files(publish=behaviour)),
    "detect again": Call(lambda client: client.detect_dialect()),
    "current: list": Call(lambda client: client.list_templates(), dialect=Current),
    "current: details": Call(
        lambda client: templates(client, [1, 2, 3]),
        current(auth__context=samples.context()),
        dialect=Current,
    ),
    "current: one template": Call(lambda client: client.get_template(1), dialect=Current),
    "current: data sets": Call(
        lambda client: client.get_template(1),
        current(templates__1=samples.detail(kickoff=samples.kickoff(samples.field(type="radio", dataset=4)))),
        dialect=Current,
    ),
    "current: groups": Call(lambda client: client.list_groups(), dialect=Current),
    "current: holder": Call(lambda client: client.key_holder(), dialect=Current),
    "current: run": Call(lambda client: client.run(1, payload={"name": "x"}), dialect=Current),
    "current: list subscriptions": Call(lambda client: client.list_subscriptions(), dialect=Current),
    "current: subscribe": Call(
        lambda client: client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET), dialect=Current
    ),
    "current: unsubscribe": Call(
        lambda client: client.unsubscribe(Subscription(3, "task_returned", TARGET)),
        current(webhooks__events=HOOKS),
        dialect=Current,
    ),
    "current: unsubscribe target": Call(
        lambda client: client.unsubscribe_target(TARGET), current(webhooks__events=HOOKS), dialect=Current
    ),
    "current: workflows": Call(lambda client: client.list_workflows(limit=5), dialect=Current),
    "current: workflow": Call(lambda client: client.get_workflow(5), dialect=Current),
    "current: upload": Call(upload, current(templates=[]), dialect=Current),
    "current: upload, key forgotten": Call(
        upload,
        lambda behaviour: (
            lambda seen, talk: (
                talk.answer(401, {"code": "AUTH_001", "message": KEY})
                if seen.target == "/files/upload"
                else behaviour(seen, talk)
            )
        ),
        dialect=Current,
    ),
    "current: check of files": Call(
        lambda client: client.check_files(), current(templates=[]), dialect=Current
    ),
}
# What may succeed anyway: a store and an end of a subscription may be answered with anything, a
# template that is not found is left out, one whose data set may not be read has unknown options, and the
# documented kind may refuse both of the requests that detect it.
GOOD_ENDS = {
    ("put", "html"),
    ("put", "other_json"),
    ("details", "echoes_404"),
    ("detect again", "echoes_403"),
    ("current: details", "echoes_403"),
    ("current: details", "echoes_404"),
    ("current: data sets", "echoes_403"),
    ("current: data sets", "echoes_404"),
    ("current: subscribe", "other_json"),
    ("current: unsubscribe", "other_json"),
    ("current: unsubscribe target", "other_json"),
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


BEHAVIOURS: list[Behaviour | None] = [
    *[echoing(status) for status in (302, 400, 401, 403, 404, 408, 413, 429, 500, 503)],
    silent,
    dropped,
    truncated,
    html,
    other_json,
    None,
]


@pytest.mark.parametrize(("call", "behaviour"), spread(CALLS, BEHAVIOURS), ids=ids)
def test_a_failure_reveals_no_secret(
    serve: Serve,
    connect_to: Connect,
    settings: Settings,
    log: Lines,
    memory: dict[str, KnownServer],
    call: str,
    behaviour: Behaviour | None,
) -> None:
    around = CALLS[call].around
    server = serve(around(behaviour or dropped))
    reached = behaviour or around is not Call.around
    url = server.url if reached else "http://127.0.0.1:9"
    settings.PNEUMATIC_FILES_URL = f"{url}/files"
    # What comes before the silence is answered, which takes a busy machine its time.
    patience = (2 if around is not Call.around else 0.1) if behaviour is silent else TIMEOUT_SECONDS
    client = connect_to(url, read_timeout=patience, dialect=CALLS[call].dialect())

    try:
        CALLS[call].make(client)
    except PneumaticError as error:
        shown = everything_that_shows(error)
        report = f"{error} {vars(error)} {error_report(error)}"
    else:
        assert (call, ids(behaviour)) in GOOD_ENDS
        shown = report = ""

    assert KEY not in shown
    assert SIGNATURE not in report
    assert SIGNATURE not in log.text
    assert KEY not in log.text
    assert KEY not in f"{memory}"
    assert all("cookie" not in seen.headers for seen in server.seen)


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
    assert all(isinstance(link, PneumaticError) for link in chain), (
        "an exception of the network stayed behind"
    )
    parts = [f"{link} {link!r} {vars(link)}" for link in chain]
    for link in chain:
        for walked, _line in traceback.walk_tb(link.__traceback__):
            if "/apps/pneumatic/" in walked.f_code.co_filename:
                parts += [f"{name} = {value!r}" for name, value in walked.f_locals.items()]
    parts += traceback.format_exception(error)
    return "\n".join(parts)


def test_a_client_does_not_show_its_key(connect_to: Connect) -> None:
    client = connect_to("http://127.0.0.1:9")

    assert repr(client) == "<Client http://127.0.0.1:9 (documented)>"
    assert KEY not in repr(client._transport)
    assert KEY not in f"{vars(client)}"


def test_the_urls_of_a_ticket_do_not_show() -> None:
    url = f"https://store.example/a?{SIGNATURE}"

    ticket = UploadTicket(1, url, f"{url}&thumbnail")

    assert SIGNATURE not in repr(ticket)


def test_a_server_cannot_flood_the_reasons(serve: Serve, connect_to: Connect) -> None:
    def behave(seen: Seen, talk: Talk) -> None:
        talk.answer(400, {f"field-{number}": ["word \x1b[31m\u202e " * 200] for number in range(200)})

    with pytest.raises(PneumaticError) as caught:
        connect_to(serve(behave).url).get_template(1)

    assert isinstance(caught.value, ValidationFailed)
    errors = caught.value.errors
    assert len(errors) <= 100
    assert all(
        len(reason) <= 500 and reason.isprintable() for reasons in errors.values() for reason in reasons
    )

"""Ways in which a server fails (see ``servers``)."""

from __future__ import annotations

import json

from apps.pneumatic.transport import api
from tests.pneumatic import samples
from tests.pneumatic.servers import TIMEOUT_SECONDS, Behaviour, Seen, Talk, whole

# Part of the URL that an announced file goes to, and a secret.
SIGNATURE = "signature-that-must-not-leak"
HTML = b"<!doctype html><title>Welcome</title>"


def good(seen: Seen, talk: Talk) -> None:
    talk.answer(body={"workflow_id": 7} if seen.method == "POST" else samples.template())


def stored(seen: Seen, talk: Talk) -> None:
    talk.answer(201, b"")


def taking_files(
    put: Behaviour = stored,
    *,
    store: str = "",
    announce: Behaviour | None = None,
    publish: Behaviour | None = None,
) -> Behaviour:
    """Announce, take and publish files as documented; each step may be given another way to go.

    The files go to ``store``, an address with its signature; to this server itself where there is none.
    """

    def behave(seen: Seen, talk: Talk) -> None:
        url = store or f"http://{seen.headers['host']}/store/a?{SIGNATURE}"
        if seen.method == "PUT":
            put(seen, talk)
        elif seen.target == "/workflows/attachments":
            thumbnail = f"{url}&thumbnail" if seen.json["thumbnail"] else None
            ticket = {"id": 3, "file_upload_url": url, "thumbnail_upload_url": thumbnail}
            announce(seen, talk) if announce else talk.answer(body=ticket)
        elif publish:
            publish(seen, talk)
        else:
            talk.answer(body={"id": 3, "name": "a.txt", "url": "https://files.example.com/a.txt", "size": 1})

    behave.__name__ = f"taking_files_{put.__name__}"
    return behave


def silent(seen: Seen, talk: Talk) -> None:
    talk.be_silent()
    good(seen, talk)


def good_bytes(seen: Seen) -> bytes:
    body = {"workflow_id": 7} if seen.method == "POST" else samples.template()
    return whole(body=json.dumps(body).encode().ljust(1000))


def dripping_headers(seen: Seen, talk: Talk) -> None:
    talk.drip(good_bytes(seen))


def dripping_body(seen: Seen, talk: Talk) -> None:
    head, separator, body = good_bytes(seen).partition(b"\r\n\r\n")
    talk.sock.sendall(head + separator)
    talk.drip(body)


def endless_continue(seen: Seen, talk: Talk) -> None:
    talk.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + good_bytes(seen), every=0.02)


SLOW = (silent, dripping_headers, dripping_body, endless_continue)


def timeout_for(behaviour: Behaviour, seconds: float = 0.2) -> float:
    """Return ``seconds`` where a timeout is what is tested, and elsewhere what a busy machine needs."""
    return seconds if behaviour in SLOW else TIMEOUT_SECONDS


def truncated(seen: Seen, talk: Talk) -> None:
    talk.sock.sendall(good_bytes(seen)[:-5])
    talk.drop()


def dropped(seen: Seen, talk: Talk) -> None:
    talk.drop()


def reset(seen: Seen, talk: Talk) -> None:
    talk.reset()


def no_http(seen: Seen, talk: Talk) -> None:
    talk.sock.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
    talk.drop()


def html(seen: Seen, talk: Talk) -> None:
    talk.answer(body=HTML, kind="text/html")


def wrong_json(seen: Seen, talk: Talk) -> None:
    talk.answer(body=b'{"workflow_id": 7, ')


def other_json(seen: Seen, talk: Talk) -> None:
    talk.answer(body={"unexpected": True})


def oversized(seen: Seen, talk: Talk) -> None:
    talk.answer(body=b'"' + b"x" * (api.MAX_BODY_BYTES + 10) + b'"')


def status(number: int, **headers: str) -> Behaviour:
    def behave(seen: Seen, talk: Talk) -> None:
        talk.answer(number, {"detail": "No."}, **headers)

    behave.__name__ = f"status_{number}"
    return behave

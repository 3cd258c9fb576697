"""Many templates at a time: order, bounds, pauses for a rate limit, and an end at the first failure."""

from __future__ import annotations

import threading
import time

import pytest

from apps.pneumatic.errors import AuthenticationFailed, RateLimited, UnexpectedResponse
from apps.pneumatic.transport.cancellation import Cancelled, Pause, Scope
from apps.pneumatic.transport.concurrency import MEASURED_REQUESTS, fetch_all
from tests.pneumatic import samples
from tests.pneumatic.actions import listed, templates
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.servers import TIMEOUT_SECONDS, Seen, Talk


def template_id(seen: Seen) -> int:
    return int(seen.target.rpartition("/")[2])


def test_templates_come_in_the_order_requested_and_each_once(serve: Serve, connect_to: Connect) -> None:
    server = serve(lambda seen, talk: talk.answer(body=samples.template(template_id(seen))))
    ids = [5, 3, 9, 3, *range(20, 60)]
    reported: list[tuple[int, int | None]] = []

    found = connect_to(server.url).receive_templates(
        listed(ids), concurrency=4, on_progress=lambda done, total: reported.append((done, total))
    )

    assert [template.read().id for template in found] == list(dict.fromkeys(ids))
    assert len(server.seen) == 43
    assert reported == [(number, 43) for number in range(1, 44)]


def test_no_templates_take_no_request(connect_to: Connect) -> None:
    assert connect_to("http://127.0.0.1:9").receive_templates([]) == []


def test_a_template_deleted_since_is_left_out(serve: Serve, connect_to: Connect) -> None:
    def behave(seen: Seen, talk: Talk) -> None:
        if template_id(seen) == 2:
            talk.answer(404, {"detail": "Not found."})
        else:
            talk.answer(body=samples.template(template_id(seen)))

    found = templates(connect_to(serve(behave).url), [1, 2, 3])

    assert [template.id for template in found] == [1, 3]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_requests_are_in_progress_than_allowed(
    serve: Serve, connect_to: Connect, concurrency: int
) -> None:
    lock = threading.Lock()
    now = most = 0

    def behave(seen: Seen, talk: Talk) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        talk.closing.wait(0.01)
        with lock:
            now -= 1
        talk.answer(body=samples.template(template_id(seen)))

    server = serve(behave)

    templates(connect_to(server.url), range(1, 31), concurrency=concurrency)

    assert most <= concurrency
    assert server.connections <= concurrency


def test_a_slow_server_is_read_by_several_threads_at_a_time() -> None:
    together = threading.Barrier(3)

    def fetch(id_: int, scope: Scope) -> int:
        scope.sleep(0.02)
        if id_ > MEASURED_REQUESTS:
            together.wait(TIMEOUT_SECONDS)
        return id_

    assert fetch_all(fetch, range(1, MEASURED_REQUESTS + 7), concurrency=3) == list(
        range(1, MEASURED_REQUESTS + 7)
    )


def test_a_server_quicker_than_we_compute_is_read_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()
    # As if nothing but computing took time, however busy the machine is.
    monkeypatch.setattr("apps.pneumatic.transport.concurrency.time.thread_time", time.perf_counter)

    def fetch(id_: int, scope: Scope) -> int:
        threads.add(threading.current_thread().name)
        return id_

    fetch_all(fetch, range(1, 30), concurrency=6)

    assert threads == {threading.current_thread().name}


def test_the_first_failure_ends_the_others(serve: Serve, connect_to: Connect) -> None:
    """Running requests are aborted: no thread waits for a server that hangs."""

    def behave(seen: Seen, talk: Talk) -> None:
        if template_id(seen) <= MEASURED_REQUESTS:
            talk.closing.wait(0.02)
            talk.answer(body=samples.template(template_id(seen)))
        elif template_id(seen) == MEASURED_REQUESTS + 3:
            talk.answer(401, {"detail": "Bad key."})
        else:
            talk.be_silent()
            talk.answer(body=samples.template(template_id(seen)))

    server = serve(behave)
    # The servers stop waiting before this timeout: without the abort all would be requested and answered.
    client = connect_to(server.url, read_timeout=2 * TIMEOUT_SECONDS)

    with pytest.raises(AuthenticationFailed):
        templates(client, range(1, 40), concurrency=3)

    assert len(server.seen) <= MEASURED_REQUESTS + 5


def test_a_client_can_be_used_after_a_failure(serve: Serve, connect_to: Connect) -> None:
    def behave(seen: Seen, talk: Talk) -> None:
        if template_id(seen) == 13:
            talk.answer(body={"id": 13})
        else:
            talk.answer(body=samples.template(template_id(seen)))

    client = connect_to(serve(behave).url)
    with pytest.raises(UnexpectedResponse) as caught:
        templates(client, range(1, 20))

    assert caught.value.path == "templates[13].name"
    assert [template.id for template in templates(client, [1, 2])] == [1, 2]


def test_another_template_than_the_requested_one_is_no_response(serve: Serve, connect_to: Connect) -> None:
    server = serve(lambda seen, talk: talk.answer(body=samples.template(8)))

    with pytest.raises(UnexpectedResponse) as caught:
        templates(connect_to(server.url), [7])

    assert caught.value.path == "templates[7].id"


def test_all_pause_when_one_is_limited(
    serve: Serve, connect_to: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the time at which the client took note of a Retry-After nothing is sent but what was in transit already."""
    held_at: list[float] = []
    early: list[int] = []
    hold = Pause.hold

    def take_note(pause: Pause, seconds: float) -> None:
        hold(pause, seconds)
        held_at.append(time.monotonic())

    monkeypatch.setattr(Pause, "hold", take_note)

    def behave(seen: Seen, talk: Talk) -> None:
        if held_at and time.monotonic() < held_at[0] + 0.3:
            early.append(template_id(seen))
        if template_id(seen) == 5 and not held_at:
            talk.answer(429, {"detail": "Slow down."}, Retry_After="1")
        else:
            talk.answer(body=samples.template(template_id(seen)))

    found = templates(connect_to(serve(behave).url), range(1, 200), concurrency=4)

    assert len(found) == 199
    assert held_at
    assert len(early) <= 4


def test_a_server_that_requires_a_long_wait_is_reported_to_the_user(
    serve: Serve, connect_to: Connect
) -> None:
    server = serve(lambda seen, talk: talk.answer(429, {}, Retry_After="3600"))

    with pytest.raises(RateLimited) as caught:
        templates(connect_to(server.url), [1])

    assert caught.value.retry_after == 3600
    assert len(server.seen) == 1


def test_an_interrupt_of_the_caller_ends_the_threads() -> None:
    started, ended = threading.Event(), threading.Event()

    def fetch(id_: int, scope: Scope) -> int:
        if id_ <= MEASURED_REQUESTS:
            scope.sleep(0.02)
            return id_
        if id_ == MEASURED_REQUESTS + 1:
            started.wait(TIMEOUT_SECONDS)
            return id_
        started.set()
        try:
            scope.sleep(TIMEOUT_SECONDS)
        except Cancelled:
            ended.set()
            raise
        return id_

    def interrupt(done: int, total: int | None) -> None:
        if done > MEASURED_REQUESTS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_all(fetch, range(1, MEASURED_REQUESTS + 3), concurrency=2, on_progress=interrupt)

    assert ended.is_set()

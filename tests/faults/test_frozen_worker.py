"""A worker that freezes in the middle of its transaction, as SIGSTOP or a paused machine does it.

To the database it is a connection that says nothing more, so a thread that waits is as good as a stopped process.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import Error, connection
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.core.database.errors import is_passing
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing.locks import exclusive
from apps.webhooks.processing.worker import process_pending
from tests.fixtures import payloads
from tests.fixtures.deliveries import store
from tests.fixtures.waiting import HANG_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


def test_another_worker_continues_and_the_frozen_one_writes_nothing(settings: SettingsWrapper) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("No one can take SQLite's lock from a process that lives.")
    settings.DATABASE_LOCK_TIMEOUT = 1
    store([payloads.started(1)])
    is_frozen, wakes = threading.Event(), threading.Event()

    def freeze() -> Error | None:
        try:
            with exclusive():
                Delivery.objects.select_for_update().update(reason="written by the frozen one")
                is_frozen.set()
                wakes.wait(HANG_SECONDS)
                Delivery.objects.update(state="dead_letter")
        except Error as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(1) as pool:
        frozen = pool.submit(freeze)
        is_frozen.wait(HANG_SECONDS)
        try:
            process_pending()  # waits until the server has ended the other transaction
        finally:
            wakes.set()
        error = frozen.result()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("processed", "")
    assert Event.objects.count() == 1
    assert error is not None
    assert is_passing(error)  # it tries again, and finds nothing left to do

"""``manage.py worker``: work in the background. Tasks from the queue, and jobs that come back again and again."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, connections
from django.utils.autoreload import run_with_reloader
from django_tasks_db.management.commands import db_worker

from apps.core import memory, periodic

logger = logging.getLogger(__name__)

# How far the worker stands back where the processor is short: people and deliveries wait for an answer, nobody for it.
NICENESS = 10
MAX_RETRY_WAIT_SECONDS = 10.0  # seconds between attempts to reach a database that is away


class Worker(db_worker.Worker):
    """A worker of django-tasks, with the periodic jobs beside it."""

    def run(self) -> None:
        """Work until told to stop; with ``--batch`` until nothing is left. Raise CommandError when a job died."""
        if self.batch:
            super().run()
            if not periodic.run_once():
                raise CommandError("A periodic job failed; the log says more.")
            return
        os.nice(NICENESS)
        memory.settle()
        try:
            with periodic.running():
                self._run_through_outages()
        except periodic.JobDiedError:
            raise CommandError("A periodic job died; the log says more.") from None

    def _run_through_outages(self) -> None:
        """Take tasks from the queue; wait for a database that is away, and say so once."""
        wait = 0.0
        while True:
            began = time.monotonic()
            try:
                return super().run()
            except (OperationalError, InterfaceError) as error:
                if not self.running:
                    return None
                if time.monotonic() - began > MAX_RETRY_WAIT_SECONDS:
                    wait = 0.0
                if not wait:
                    logger.error("The tasks wait for the database: %s", str(error).partition("\n")[0])
            connections.close_all()
            self.startup_delay = False
            wait = min(wait * 2 or max(self.interval, 0.5), MAX_RETRY_WAIT_SECONDS)
            time.sleep(wait)


class Command(db_worker.Command):
    """Everything that ``db_worker`` of django-tasks does, and the periodic jobs."""

    help = (
        "Work in the background until stopped: syncs that were asked for on the sync page, deliveries of webhooks, "
        "and whatever else comes back regularly. With --batch: do all that waits, then exit."
    )

    def handle(
        self,
        *,
        verbosity: int,
        queue_name: str,
        interval: float,
        batch: bool,
        backend_name: str,
        startup_delay: bool,
        reload: bool,
        max_tasks: int | None,
        worker_id: str,
        exclude_queues: str,
        **options: Any,
    ) -> None:
        """Do what the options say, as ``db_worker`` does."""
        self.configure_logging(verbosity)
        queue_names = queue_name.split(",")
        excluded_queue_names = exclude_queues.split(",") if exclude_queues else []
        if excluded_queue_names and "*" not in queue_names:
            raise CommandError("--exclude-queues can only be used with --queue-name=*")
        worker = Worker(
            queue_names=queue_names,
            interval=interval,
            batch=batch,
            backend_name=backend_name,
            startup_delay=startup_delay,
            max_tasks=max_tasks,
            worker_id=worker_id,
            excluded_queue_names=excluded_queue_names,
        )
        worker.configure_signals()
        if reload and not batch:
            run_with_reloader(worker.run)
        else:
            worker.run()

"""``manage.py worker``: run tasks from the queue and periodic jobs in the background."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from django.core.management.base import CommandError
from django.db import Error, connections
from django.utils.autoreload import run_with_reloader
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from apps.core import periodic
from apps.core.database.errors import first_line, is_unavailable
from apps.core.processes import heartbeat, memory

logger = logging.getLogger(__name__)

# The worker yields the processor to the web server: users and deliveries wait for a response, none for the worker.
NICENESS = 10
MAX_RETRY_WAIT_SECONDS = 10.0  # between attempts to reach the database


class Worker(db_worker.Worker):
    """A worker of django-tasks that runs the periodic jobs, too."""

    def run(self) -> None:
        """Work until a signal, or with ``--batch`` until nothing is left; raise CommandError when a job died."""
        if self.batch:
            with heartbeat.process():
                super().run()
                if not periodic.run_once():
                    raise CommandError("A periodic job failed. See the log.")
            return
        os.nice(NICENESS)
        memory.settle()
        try:
            with heartbeat.process(), periodic.running():
                self._run_through_outages()
        except periodic.JobDiedError:
            raise CommandError("A periodic job died. See the log.") from None

    def run_task(self, db_task_result: DBTaskResult[..., Any]) -> None:
        """Run a task from the queue; the heartbeat reports one that does not end."""
        with periodic.working(periodic.TASKS):
            super().run_task(db_task_result)

    def _run_through_outages(self) -> None:
        """Run tasks from the queue; while the database is unavailable, log it once and retry."""
        wait = 0.0
        while True:
            began = time.monotonic()
            try:
                return super().run()
            except Error as error:
                if not is_unavailable(error):
                    raise
                if not self.running:
                    return None
                if time.monotonic() - began > MAX_RETRY_WAIT_SECONDS:
                    wait = 0.0
                if not wait:
                    logger.error("The tasks wait for the database: %s", first_line(error))
            connections.close_all()
            self.startup_delay = False
            wait = min(wait * 2 or max(self.interval, 0.5), MAX_RETRY_WAIT_SECONDS)
            time.sleep(wait)


class Command(db_worker.Command):
    """``db_worker`` of django-tasks with the periodic jobs."""

    help = (
        "Run syncs that were started on the sync page, process deliveries of webhooks and run other periodic jobs, "
        "until stopped. With --batch: do all waiting work, then exit."
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

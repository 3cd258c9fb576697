"""The peer: dlt's ``rest_api`` source into SQLite, the same endpoints. Runs in benchmarks/.venv.

``python -m benchmarks.peer_dlt URL KEY FOLDER SHAPE DISPOSITION`` syncs twice into FOLDER and prints both times.
SHAPE is ``json`` (nested data kept) or ``normalised`` (child tables); DISPOSITION is ``replace`` or ``merge``.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from pathlib import Path

# Before dlt is imported: no telemetry, as many requests at a time as the dashboard makes, as few files as possible.
os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="ERROR",
    EXTRACT__WORKERS="6",
    EXTRACT__MAX_PARALLEL_ITEMS="20",
)

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.processes import peak_memory

PAGE = 100


def source(url: str, key: str, *, shape: str, disposition: str) -> object:
    """Return the list of templates, each template in full, and the users, as dlt's documentation writes it."""
    paginator = {
        "type": "offset",
        "limit": PAGE,
        "total_path": "count",
        "limit_param": "limit",
        "offset_param": "offset",
    }
    return rest_api_source(
        {
            "client": {"base_url": url, "auth": {"type": "bearer", "token": key}, "paginator": paginator},
            "resource_defaults": {
                "primary_key": "id",
                "write_disposition": disposition,
                "max_table_nesting": 0 if shape == "json" else None,
            },
            "resources": [
                {
                    "name": "template_list",
                    "endpoint": {
                        "path": "templates",
                        "params": {"ordering": "date"},
                        "data_selector": "results",
                    },
                },
                {
                    "name": "templates",
                    "parallelized": True,
                    "endpoint": {
                        "path": "templates/{resources.template_list.id}",
                        "paginator": "single_page",
                        "data_selector": "$",
                    },
                },
                {"name": "users", "endpoint": {"path": "accounts/users", "data_selector": "results"}},
            ],
        }
    )


def main(url: str, key: str, folder: Path, shape: str, disposition: str) -> None:
    """Sync twice and print the seconds of each, the peak memory, and what arrived."""
    database = folder / "peer.sqlite3"
    pipeline = dlt.pipeline(
        pipeline_name="peer",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{database}"),
        dataset_name="main",
    )
    seconds, memory = [], []
    for _ in range(2):
        started = time.perf_counter()
        pipeline.run(source(url, key, shape=shape, disposition=disposition))
        seconds.append(time.perf_counter() - started)
        memory.append(peak_memory())
    with sqlite3.connect(database) as connection:
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("templates", "users")
        }
    print(
        json.dumps(
            {"first": seconds[0], "again": seconds[1], "memory": memory[0], **counts, "dlt": dlt.__version__}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], sys.argv[5])

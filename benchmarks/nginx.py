"""A real nginx with the documented configuration in front of a web server, as compose.yaml starts it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.serving import free_port, kill_group, start, wait_for_port

DOCUMENTED = ROOT / "deploy" / "nginx"
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")  # not on the PATH of every user
_MAIN = """
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def write(folder: Path, *, port: int, upstream: int, locations: str = "") -> Path:
    """Write the configuration; only addresses and paths differ from the documented one, or also its ``locations``."""
    documented = locations or (DOCUMENTED / "locations.conf").read_text(encoding="utf-8")
    (folder / "locations.conf").write_text(documented, encoding="utf-8")
    site = (DOCUMENTED / "compose.conf").read_text(encoding="utf-8")
    for there, here in (
        ("server web:8000;", f"server 127.0.0.1:{upstream};"),
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("/etc/nginx/pneumatic-dash-locations.conf", f"{folder}/locations.conf"),
    ):
        if there not in site:
            raise SystemExit(f"compose.conf has no {there!r}.")
        site = site.replace(there, here)
    (folder / "site.conf").write_text(site, encoding="utf-8")
    main = folder / "nginx.conf"
    # Started as root, nginx serves as another user, who may not open the folder.
    main.write_text(
        _MAIN.format(user="user root;" if os.geteuid() == 0 else "", folder=folder), encoding="utf-8"
    )
    return main


def complaints(main: Path) -> str:
    """Return what nginx finds wrong with a configuration; '' for nothing."""
    checked = subprocess.run(
        [str(PROGRAM), "-t", "-q", "-p", main.parent, "-c", main], capture_output=True, text=True, check=False
    )
    return checked.stderr if checked.returncode else ""


@contextmanager
def proxy(folder: Path, *, upstream: int, locations: str = "") -> Iterator[int]:
    """Start nginx in front of a port of this machine, and give its own port."""
    port = free_port()
    main = write(folder, port=port, upstream=upstream, locations=locations)
    process = start(
        [str(PROGRAM), "-p", str(folder), "-c", str(main), "-g", "daemon off;"],
        environment=os.environ,
        log=folder / "nginx.log",
    )
    try:
        wait_for_port(port, process)
        yield port
    finally:
        kill_group(process)

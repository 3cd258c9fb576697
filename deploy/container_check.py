"""Build the Containerfile without a container engine, and see its web process serve: ``make container-check``.

The base image ``debian:<suite>-slim`` is made with debootstrap, from the mirror that apt uses on this machine. Each
step runs in it with chroot, in separate mount and process name spaces: they end with the step. Needs root, and about
three minutes. What an engine does differently: the steps here share this machine's network, there are no layers, and
the base has the manual pages that the slim image leaves out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CONTAINERFILE = PROJECT / "Containerfile"
MAX_START_SECONDS = 60
POLL_INTERVAL_SECONDS = 0.2

# What a person would write into .env. No secret: the process lives for seconds, on the loopback address.
SETTINGS = {
    "SECRET_KEY": "only-for-the-container-check-0123456789-abcdefghijklmnopqrstuvwxyz",
    "PUBLIC_URL": "https://dash.example.com",
    "BEHIND_PROXY": "True",
    "PNEUMATIC_API_URL": "https://api.example.com",
    "PNEUMATIC_API_KEY": "only-for-the-container-check",
    "PNEUMATIC_DIALECT": "documented",
}


class CheckFailed(Exception):
    """The image cannot be built or does not serve; the message says what failed."""


# -- The Containerfile ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Instruction:
    """One instruction, such as ``RUN`` with its text; continued lines are joined."""

    name: str
    text: str


def parse(text: str) -> list[Instruction]:
    """Return the instructions of a Containerfile. Comments are left out; here-documents are not supported."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    instructions = []
    for line in joined.splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            instructions.append(Instruction(name.upper(), rest.strip()))
    return instructions


def suite_of(image: str) -> str:
    """Return the Debian suite of a base image: ``bookworm`` for ``debian:bookworm-slim``."""
    match = re.fullmatch(r"debian:([a-z]+)-slim", image)
    if not match:
        raise CheckFailed(f"FROM {image}: only debian:<suite>-slim can be made with debootstrap.")
    return match[1]


def exec_form(text: str) -> list[str]:
    """Return the words of an instruction in exec form, such as ``["gunicorn", "--bind", "0.0.0.0:8000"]``."""
    words: list[str] = json.loads(text)
    return words


# -- The root -----------------------------------------------------------------------------------------------------


@dataclass
class Image:
    """A root directory, and what the instructions so far have set for the next one."""

    root: Path
    network: dict[str, str]
    env: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    folder: str = "/"
    user: str = "root"
    port: str = ""
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def apply(self, instruction: Instruction) -> None:
        """Carry out one instruction after FROM."""
        name, text = instruction.name, instruction.text
        if name == "RUN":
            self.run(["/bin/sh", "-c", text], self.network)
        elif name == "COPY":
            *sources, target = shlex.split(text)
            self._copy(sources, target)
        elif name == "ENV":
            self.env.update(pair.partition("=")[::2] for pair in shlex.split(text))
        elif name == "WORKDIR":
            self.folder = text
            self._path(text).mkdir(parents=True, exist_ok=True)
        elif name == "USER":
            self.user = text
        elif name == "EXPOSE":
            self.port = text
        elif name == "HEALTHCHECK":
            self.health = exec_form(text.partition("CMD ")[2])
        elif name == "CMD":
            self.command = exec_form(text)
        else:
            raise CheckFailed(f"{name} is not supported by deploy/container_check.py.")

    def inside(self, command: list[str], extra: dict[str, str]) -> list[str]:
        """Return the command line that runs a command in the root, as the current user and in the current folder."""
        env = [f"{name}={value}" for name, value in {**self.env, **extra}.items()]
        return [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root}/proc"),
            *("chroot", f"--userspec={self.user}", str(self.root)),
            *("/usr/bin/env", "-i", f"--chdir={self.folder}", *env, *command),
        ]

    def run(self, command: list[str], extra: dict[str, str]) -> str:
        """Run a command in the root and return its standard output. Raises CheckFailed with all of its output."""
        done = subprocess.run(self.inside(command, extra), capture_output=True, text=True, check=False)
        if done.returncode:
            raise CheckFailed(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _copy(self, sources: list[str], target: str) -> None:
        """Copy what git knows below the sources: an engine leaves the rest out by .dockerignore."""
        for source in sources:
            listed = subprocess.run(
                ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", source],
                cwd=PROJECT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            files = [name for name in listed.split("\0") if name and (PROJECT / name).is_file()]
            if not files:
                raise CheckFailed(f"COPY {source}: no such file.")
            is_folder = (PROJECT / source).is_dir()
            for name in files:
                inner = Path(name).relative_to(source) if is_folder else Path(name).name
                copy = self._path(target) / inner
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, copy)

    def _path(self, path: str) -> Path:
        """Return where a path of the image is on this machine."""
        return self.root / os.path.normpath(os.path.join(self.folder, path)).lstrip("/")


def mirror_for(suite: str) -> str:
    """Return the Debian mirror that apt uses here: the one of the suite, else that of this machine's own release."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    mirrors = dict(reversed([line.split(" ", 1) for line in targets.splitlines()]))
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    own = re.search(r"^VERSION_CODENAME=(\w+)", release, re.MULTILINE)
    for name in (suite, own[1] if own else ""):
        if name in mirrors:
            return mirrors[name]
    raise CheckFailed("apt names no Debian mirror here. Give one with --mirror.")


def lend_network(root: Path) -> dict[str, str]:
    """Give the root what an engine gives a build: name resolution, and this machine's way to a package index.

    Returns environment variables for RUN: proxies, and pip's settings. Of the paths on this machine only the
    certificate bundle is used; it is copied.
    """
    for name in ("resolv.conf", "hosts"):
        shutil.copyfile(f"/etc/{name}", root / "etc" / name)
    proxies = {"http_proxy", "https_proxy", "no_proxy"}
    env = {name: value for name, value in os.environ.items() if name.lower() in proxies}
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    for key, value in re.findall(
        r"^[\w:]+\.(index-url|trusted-host|proxy|cert)='(.*)'$", listed, re.MULTILINE
    ):
        env[f"PIP_{key.replace('-', '_').upper()}"] = value
    if "PIP_CERT" in env:
        shutil.copyfile(env["PIP_CERT"], root / "run" / "certificates.pem")
        env["PIP_CERT"] = "/run/certificates.pem"
    return env


@contextmanager
def temporary_root() -> Iterator[Path]:
    """Give an empty directory, and delete it with all that was built in it."""
    root = Path(tempfile.mkdtemp(prefix="container-check-"))
    root.chmod(0o755)
    try:
        yield root
    finally:
        if f" {root}" in Path("/proc/self/mounts").read_text(encoding="utf-8"):
            print(f"Something is still mounted below {root}: it is not deleted.", file=sys.stderr)
        else:
            shutil.rmtree(root)


# -- The checks ---------------------------------------------------------------------------------------------------


def check_image(image: Image) -> None:
    """Check what must hold before anything is started."""
    if image.run(["/usr/bin/id", "-u"], {}).strip() == "0":
        raise CheckFailed("The process would run as root.")
    image.run(["/bin/sh", "-c", "test ! -w . && test ! -w manage.py && test -w var && test ! -e .env"], {})
    manage = [".venv/bin/python", "manage.py"]
    image.run([*manage, "check", "--deploy", "--fail-level", "WARNING"], SETTINGS)
    image.run([*manage, "migrate", "--noinput", "--verbosity", "0"], SETTINGS)


def check_serving(image: Image) -> None:
    """Start the web process on the loopback address, wait until it is healthy, and read three pages."""
    port = free_port()
    command = [word.replace(f"0.0.0.0:{image.port}", f"127.0.0.1:{port}") for word in image.command]
    health = [word.replace(f":{image.port}/", f":{port}/") for word in image.health]
    log = image.root / "web.log"
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(image.inside(command, SETTINGS), stderr=output, start_new_session=True) as server,
    ):
        try:
            deadline = time.monotonic() + MAX_START_SECONDS
            while subprocess.run(image.inside(health, {}), capture_output=True, check=False).returncode:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise CheckFailed("The web process does not become healthy.")
                time.sleep(POLL_INTERVAL_SECONDS)
            for path in ("/healthz", "/readyz", "/login/"):
                status = status_of(f"http://127.0.0.1:{port}{path}")
                print(f"  {path} {status}")
                if status != 200:
                    raise CheckFailed(f"{path} answered {status}.")
        except CheckFailed as error:
            raise CheckFailed(f"{error}\n{log.read_text(encoding='utf-8')}") from None
        finally:
            # The group has unshare and the name space's first process; with that one the kernel ends all others.
            # --kill-child is not enough here: the change of the user cancels it.
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status_of(url: str) -> int:
    """Return the status of a GET, as the proxy would send it."""
    request = urllib.request.Request(url, headers={"Host": "dash.example.com", "X-Forwarded-Proto": "https"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def build(instructions: list[Instruction], root: Path, mirror: str) -> Image:
    """Make the base with debootstrap and carry out the instructions; print how long each takes."""
    base, *steps = instructions
    if base.name != "FROM" or any(step.name == "FROM" for step in steps):
        raise CheckFailed("The Containerfile must have one FROM, as its first instruction.")
    suite = suite_of(base.text)
    with timed(f"FROM {base.text}"):
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", suite, str(root), mirror or mirror_for(suite)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CheckFailed(done.stdout + done.stderr)
    image = Image(root, lend_network(root))
    for step in steps:
        with timed(f"{step.name} {step.text}"):
            image.apply(step)
    return image


@contextmanager
def timed(title: str) -> Iterator[None]:
    """Print a step when it starts, and then the seconds that it took."""
    start = time.monotonic()
    print(f"{title:.96}", flush=True)
    yield
    print(f"  {time.monotonic() - start:.1f} s", flush=True)


def main() -> int:
    """Build and check; return 0 when all is well."""
    parser = argparse.ArgumentParser(
        description="Build the Containerfile in a clean Debian and check what it serves."
    )
    parser.add_argument("--mirror", default="", help="the Debian mirror; apt's own by default")
    options = parser.parse_args()
    missing = [
        tool for tool in ("debootstrap", "chroot", "unshare", "apt-get", "git") if not shutil.which(tool)
    ]
    if os.geteuid() != 0 or missing:
        print(
            f"This needs root and debootstrap, on Debian. Missing: {', '.join(missing) or 'root'}.",
            file=sys.stderr,
        )
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was built is deleted
    start = time.monotonic()
    try:
        with temporary_root() as root:
            image = build(parse(CONTAINERFILE.read_text(encoding="utf-8")), root, options.mirror)
            with timed("check --deploy, migrate"):
                check_image(image)
            with timed("Web process"):
                check_serving(image)
    except CheckFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"The image builds and serves, {time.monotonic() - start:.0f} s in all.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

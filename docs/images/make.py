"""Take the pictures of the README: ``make screenshots``.

Starts a demonstration on free ports with separate data, does the main job in Chromium, and takes pictures of it.
Install fonts for Korean and Japanese first (on Debian: fonts-noto-core, fonts-noto-cjk), or such names are boxes.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLOURS = 128  # a palette keeps the pictures small; interfaces need no more
TASK_TIMEOUT_MILLISECONDS = 120_000  # at the demonstration's pace
TEMPLATE = "Office equipment request"
EXAMPLE = re.compile(r"^### (?P<name>.+?)\n+```html\n(?P<html>.+?)```", re.MULTILINE | re.DOTALL)


@contextmanager
def demonstration() -> Iterator[tuple[str, str]]:
    """Run ``manage.py demo``; yield its address and the operator's password."""
    with tempfile.TemporaryDirectory(prefix="dash-pictures-") as folder:
        command = [
            sys.executable,
            "manage.py",
            "demo",
            "--port=0",
            "--sandbox-port=0",
            f"--data-dir={folder}",
        ]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            text = ""
            for line in process.stdout or ():
                text += line
                if line.startswith("Logs are in"):
                    break
            url = re.search(r"running: .*?(http://[\d.:]+)", text)
            password = re.search(r"^  operator\s+(\S+)", text, re.MULTILINE)
            if not (url and password):
                sys.exit(f"The demonstration did not start:\n{text}")
            try:
                yield url[1], password[1]
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate()


def main() -> None:
    """Take every picture."""
    executable = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if executable is None:
        sys.exit("No Chromium is installed.")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with demonstration() as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--disable-gpu", "--disable-background-networking", *sandbox]
        )
        take_all(browser, url, password)
        take_components(browser)
        browser.close()


def take_all(browser: Browser, url: str, password: str) -> None:
    """Walk through the main job."""
    page = signed_in(browser, url, password, width=1280, height=1000)
    page.goto("/templates/")
    form = page.get_by_role("row", name=TEMPLATE).get_by_role("link", name="Launch")
    form.click()
    page.get_by_label("What do you need?").fill("Standing desk, 160 by 80 cm")
    page.get_by_label("Why?").fill("Back pain. The doctor's note is with HR already.")
    page.get_by_label("This month").check()
    page.get_by_label("Cable").check()
    page.get_by_label("Stand", exact=True).check()
    page.get_by_label("Link to the product").fill("https://example.com/desks/160")
    page.get_by_label("Deliver to").select_option("Lisbon")
    page.evaluate("window.scrollTo(0, 0)")
    take(page, "launch-form")
    page.get_by_label("Find by name or e-mail").fill("wei")
    page.locator("[role=listbox] [role=option]").first.click()
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url("**/launches/*/")
    page.get_by_role("link", name="View workflow").wait_for()
    take(page, "launch")
    follow(page)
    page.goto("/templates/")
    take(page, "templates")
    phone = signed_in(browser, url, password, width=390, height=780, dark=True)
    phone.goto("/")
    take(phone, "phone-dark")


def follow(page: Page) -> None:
    """Wait until the sandbox's users have completed a task of the launched workflow; then open the list."""
    page.get_by_role("link", name="View workflow").click()
    page.locator(".timeline > li").nth(2).wait_for(timeout=TASK_TIMEOUT_MILLISECONDS)
    take(page, "workflow")
    page.goto("/workflows/")
    take(page, "workflows")


def signed_in(
    browser: Browser, url: str, password: str, *, width: int, height: int, dark: bool = False
) -> Page:
    """Return a page that is signed in as the operator."""
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto("/login/")
    page.locator("input[name=username]").fill("operator")
    page.locator("input[name=password]").fill(password)
    page.locator("form button[type=submit]").last.click()
    page.wait_for_url(url + "/")
    return page


def take_components(browser: Browser) -> None:
    """Take the examples of ``docs/design-system.md``, with the styles of the dashboard."""
    links = (ROOT / "templates" / "core" / "styles.html").read_text(encoding="utf-8")
    paths = [ROOT / "static" / name for name in re.findall(r"'(css/[\w-]+\.css)'", links)]
    styles = "".join(path.read_text(encoding="utf-8") for path in paths)
    document = (ROOT / "docs" / "design-system.md").read_text(encoding="utf-8")
    examples = "".join(
        f"<div><h2>{found['name']}</h2>{found['html']}</div>" for found in EXAMPLE.finditer(document)
    )
    page = browser.new_page(viewport={"width": 900, "height": 690})
    page.set_content(
        f'<!doctype html><html lang="en"><head><style>{styles}</style></head>'
        f'<body><main class="page stack">{examples}</main></body></html>'
    )
    take(page, "components")


def take(page: Page, name: str) -> None:
    """Write the window as a picture."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(HERE / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()

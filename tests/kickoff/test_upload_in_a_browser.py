"""Files in a real browser: sent at once, with progress, cancelled, refused, removed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.launches.models import Launch, UploadedFile
from apps.pneumatic.canonical.schemas import FILE_SIZE_LIMIT
from tests.factories import make_field, make_template
from tests.fixtures.browser import Browse, assert_accessible
from tests.fixtures.sandbox import Sandbox, either_dialect

pytestmark = [pytest.mark.browser, either_dialect]


@pytest.fixture
def url(transactional_db: None, sandbox: Sandbox) -> str:
    """Return the address of a form with one file field, for a template that the sandbox knows."""
    return f"/templates/{make_template(fields=[make_field('papers', 'file', name='Papers')]).pk}/launch/"


@pytest.fixture
def papers(tmp_path: Path) -> list[Path]:
    """Return two small files."""
    contents = {"contract <1>.txt": "hello", "überblick.txt": "x" * 3000}
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in contents]


def attached(page: Page) -> list[str]:
    """Return the values of the hidden controls that the form would send for the field."""
    boxes = page.locator("input[type=hidden][name='kickoff-papers']")
    return [box.input_value() for box in boxes.all()]


def test_files_are_with_the_server_before_the_form_is_sent(
    browse: Browse, operator: User, url: str, papers: list[Path], sandbox: Sandbox
) -> None:
    page = browse(url, user=operator)
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(papers)

    expect(page.get_by_role("button", name="Remove")).to_have_count(2)
    stored = UploadedFile.objects.order_by("created_at")
    assert sorted(attached(page)) == sorted(str(file.pk) for file in stored)
    assert {file.name for file in stored} == {path.name for path in papers}
    assert chooser.input_value() == ""  # or they would be sent a second time
    assert len(sandbox.files()) == 2
    expect(page.get_by_text("5 bytes")).to_be_visible()
    expect(page.get_by_text("2.9 KB")).to_be_visible()
    assert_accessible(page)


def test_files_can_be_dropped_pasted_and_chosen_with_the_keyboard(
    browse: Browse, operator: User, url: str, papers: list[Path], sandbox: Sandbox
) -> None:
    page = browse(url, user=operator)
    for kind in ("drop", "paste"):
        page.locator("[data-upload]").evaluate(
            """(zone, kind) => {
                const files = new DataTransfer();
                files.items.add(new File(["x"], `${kind}.txt`, { type: "text/plain" }));
                const event = kind === "drop"
                    ? new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })
                    : new ClipboardEvent("paste", { clipboardData: files, bubbles: true });
                zone.dispatchEvent(event);
            }""",
            kind,
        )
        expect(page.get_by_role("button", name=f"Remove {kind}.txt")).to_be_visible()

    page.locator("input[type=file]").focus()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(papers[0])
    expect(page.get_by_role("button", name="Remove")).to_have_count(3)
    assert len(attached(page)) == 3


def test_progress_has_per_cent_size_and_the_time_that_is_left(
    browse: Browse, operator: User, url: str, papers: list[Path]
) -> None:
    page = browse(user=operator)
    page.clock.install()
    page.goto(url)
    page.evaluate("XMLHttpRequest.prototype.send = function () { window.upload = this.upload; }")
    page.locator("input[type=file]").set_input_files(papers[1])
    page.clock.fast_forward(10_000)

    page.evaluate(
        "upload.dispatchEvent(new ProgressEvent('progress', { lengthComputable: true, loaded: 1, total: 4 }))"
    )

    expect(page.get_by_text(re.compile(r"^25% of 2\.9 KB, \d+ (s|min) left$"))).to_be_visible()


def test_a_removed_file_is_not_sent(browse: Browse, operator: User, url: str, papers: list[Path]) -> None:
    page = browse(url, user=operator)
    page.locator("input[type=file]").set_input_files(papers)
    expect(page.get_by_role("button", name="Remove")).to_have_count(2)

    page.get_by_role("button", name=f"Remove {papers[0].name}").click()

    kept = UploadedFile.objects.get(name=papers[1].name)
    assert attached(page) == [str(kept.pk)]
    expect(page.locator("input[type=file]")).to_be_focused()


def test_a_file_that_is_too_large_is_refused_before_its_first_byte(
    browse: Browse, operator: User, url: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    huge, empty = tmp_path / "huge.bin", tmp_path / "empty.bin"
    with huge.open("wb") as file:
        file.truncate(FILE_SIZE_LIMIT)
    empty.touch()
    page = browse(url, user=operator)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator("input[type=file]").set_input_files([huge, empty])

    expect(page.get_by_text("“huge.bin” was not uploaded: it is too large")).to_be_visible()
    expect(page.get_by_text("“empty.bin” was not uploaded: it is empty.")).to_be_visible()
    assert sent == []
    assert attached(page) == []
    assert_accessible(page)


def test_an_uploading_file_blocks_the_form_and_can_be_cancelled(
    browse: Browse, operator: User, url: str, papers: list[Path], sandbox: Sandbox
) -> None:
    sandbox.upload_fault(kind="delay", times=0, seconds=600)
    page = browse(url, user=operator)
    page.locator("input[type=file]").set_input_files(papers[0])
    expect(page.get_by_role("progressbar", name=f"Uploading {papers[0].name}")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_role("alert").get_by_text("still uploading")).to_be_visible()
    cancel = page.get_by_role("button", name=f"Cancel {papers[0].name}")
    expect(cancel).to_be_focused()
    cancel.click()

    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_text("still uploading")).to_be_hidden()
    assert attached(page) == []
    assert not Launch.objects.exists()
    sandbox.reset()  # ends the delay


def test_a_failed_upload_names_file_and_reason_and_starts_nothing(
    browse: Browse, operator: User, url: str, papers: list[Path], sandbox: Sandbox
) -> None:
    browse.allow("Failed to load resource")
    sandbox.upload_fault(kind="status", times=0, status=500)
    page = browse(url, user=operator)
    page.locator("input[type=file]").set_input_files(papers[0])
    expect(page.get_by_text(f"“{papers[0].name}” was not uploaded")).to_be_visible()

    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("A file was not uploaded. Choose it again, or dismiss")).to_be_visible()
    assert_accessible(page)
    assert not Launch.objects.exists()

    page.get_by_role("button", name=f"Dismiss {papers[0].name}").click()
    expect(page.get_by_text("was not uploaded")).to_have_count(0)


def test_a_failed_file_that_is_chosen_again_needs_no_dismissal(
    browse: Browse, operator: User, url: str, papers: list[Path], sandbox: Sandbox
) -> None:
    browse.allow("Failed to load resource")
    sandbox.upload_fault(kind="status", times=1, status=500)
    page = browse(url, user=operator)
    page.locator("input[type=file]").set_input_files(papers[0])
    expect(page.get_by_text("was not uploaded")).to_be_visible()
    page.locator("input[type=file]").set_input_files(papers[0])

    expect(page.get_by_role("button", name=f"Remove {papers[0].name}")).to_be_visible()
    expect(page.get_by_text("was not uploaded")).to_have_count(0)


def test_an_attached_file_survives_an_error_in_another_field(
    browse: Browse, operator: User, url: str, papers: list[Path]
) -> None:
    browse.allow("Failed to load resource")
    page = browse(url, user=operator)
    page.locator("input[type=file]").set_input_files(papers[0])
    expect(page.get_by_role("button", name="Remove")).to_have_count(1)
    before = attached(page)
    page.get_by_label("Workflow name").fill("")
    page.get_by_role("button", name="Launch").click()

    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.get_by_role("button", name=f"Remove {papers[0].name}")).to_be_visible()
    assert attached(page) == before


def test_files_travel_with_the_form_where_there_is_no_script(
    browse: Browse, operator: User, url: str, papers: list[Path]
) -> None:
    browse.allow("Failed to load resource")
    page = browse(url, user=operator, javascript=False)
    page.get_by_label("Workflow name").fill("")
    page.locator("input[type=file]").set_input_files(papers)
    page.get_by_role("button", name="Launch").click()

    kept = page.get_by_role("checkbox", name=papers[0].name)
    expect(kept).to_be_checked()
    kept.uncheck()
    page.get_by_role("button", name="Launch").click()
    expect(page.locator("input[name='kickoff-papers'][type=checkbox]")).to_have_count(1)
    expect(page.get_by_role("checkbox", name=papers[1].name)).to_be_checked()
    assert UploadedFile.objects.count() == 2

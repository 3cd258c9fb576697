"""Thumbnails of good, odd and hostile images."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from apps.launches.uploads import thumbnails


def encoded(image: Image.Image, kind: str, **options: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream


@pytest.mark.parametrize(("content_type", "kind"), sorted(thumbnails.FORMATS.items()))
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_every_format_keeps_its_kind(content_type: str, kind: str, mode: str) -> None:
    image = Image.new("RGB", (900, 300), "teal").convert(
        "L" if kind == "JPEG" and mode in {"P", "1"} else mode
    )

    made = thumbnails.make(encoded(image, kind), content_type=content_type)

    assert made is not None
    with Image.open(io.BytesIO(made)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == (kind, (320, 107))


def halves(mode: str) -> Image.Image:
    """Return a picture of 900 x 300 pixels, dark on the left and bright on the right; half transparent where it can."""
    if mode == "I;16":
        row = struct.pack("<900H", *[5_000] * 450, *[60_000] * 450)
        return Image.frombytes("I;16", (900, 300), row * 300)
    own = mode.removesuffix(" with transparency")
    left, right = (0, 255) if own == "1" else (20, 235)
    image = Image.new("L", (900, 300), left)
    image.paste(right, (450, 0, 900, 300))
    image = image.convert(own)
    if own in {"LA", "RGBA"}:
        image.putalpha(Image.new("L", (900, 300), 128))
    return image


@pytest.mark.parametrize(
    ("content_type", "mode"),
    [
        *(("image/png", mode) for mode in ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]),
        *(("image/png", f"{mode} with transparency") for mode in ["1", "L", "P", "RGB"]),
        *(("image/gif", mode) for mode in ["1", "L", "P", "P with transparency"]),
        *(("image/jpeg", mode) for mode in ["L", "RGB", "CMYK"]),
        *(("image/webp", mode) for mode in ["L", "RGB", "RGBA"]),
    ],
)
def test_every_mode_keeps_its_brightness_and_transparency(content_type: str, mode: str) -> None:
    options: dict[str, object] = {}
    if mode.endswith("transparency"):
        options["transparency"] = {"R": (235, 235, 235), "P": 235, "L": 235, "1": 255}[mode[0]]

    made = thumbnails.make(
        encoded(halves(mode), thumbnails.FORMATS[content_type], **options), content_type=content_type
    )

    assert made is not None
    with Image.open(io.BytesIO(made)) as thumbnail:
        pixels = thumbnail.convert("RGBA")
        left, right = pixels.getpixel((80, 50)), pixels.getpixel((240, 50))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert max(left[:3]) < 60
    if mode.endswith("transparency"):
        assert (left[3], right[3]) == (255, 0)
    else:
        assert min(right[:3]) > 200
        assert left[3] == right[3]
        assert (100 < left[3] < 150) == (mode in {"LA", "RGBA"})


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010E] = "where I live"

    made = thumbnails.make(
        encoded(Image.new("RGB", (600, 300)), "JPEG", exif=exif), content_type="image/jpeg"
    )

    assert made is not None
    with Image.open(io.BytesIO(made)) as thumbnail:
        assert thumbnail.height > thumbnail.width
        assert not thumbnail.getexif()


def test_a_transparent_picture_stays_transparent() -> None:
    made = thumbnails.make(
        encoded(Image.new("RGBA", (500, 500), (0, 0, 0, 0)), "PNG"), content_type="image/png"
    )

    assert made is not None
    with Image.open(io.BytesIO(made)) as thumbnail:
        assert thumbnail.mode == "RGBA"


def png_that_claims(width: int, height: int, *, compressed: bytes = zlib.compress(b"\0" * 100)) -> io.BytesIO:
    """Return a PNG with RGBA pixels, by default of a few bytes whose header promises so many of them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    body = chunk(b"IDAT", compressed)
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b""))


def png_of_zeros(width: int, height: int) -> bytes:
    """Return a PNG of so many transparent pixels, made row by row."""
    compressor, row = zlib.compressobj(), bytes(1 + 4 * width)
    compressed = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    return png_that_claims(width, height, compressed=compressed).getvalue()


@pytest.mark.parametrize(
    ("width", "height"),
    [(7_500, 7_500), (30_000, 30_000), (2**31 - 1, 2**31 - 1), (49_000_000, 1), (1, 65_536)],
)
def test_a_decompression_bomb_is_not_opened(width: int, height: int) -> None:
    assert thumbnails.make(png_that_claims(width, height), content_type="image/png") is None


@pytest.mark.parametrize(
    ("content_type", "mode", "options", "bytes_a_pixel"),
    [
        ("image/png", "RGB", {}, 4),
        ("image/gif", "P", {}, 4),
        ("image/webp", "RGB", {}, 16),
        ("image/jpeg", "RGB", {}, 4),
        ("image/jpeg", "RGB", {"progressive": True}, 6),
        ("image/jpeg", "CMYK", {"progressive": True}, 8),
    ],
)
def test_what_a_decoder_needs_counts(
    monkeypatch: pytest.MonkeyPatch,
    content_type: str,
    mode: str,
    options: dict[str, object],
    bytes_a_pixel: int,
) -> None:
    stream = encoded(Image.new(mode, (100, 100)), thumbnails.FORMATS[content_type], **options)

    monkeypatch.setattr(thumbnails, "MAX_DECODED_BYTES", 10_000 * bytes_a_pixel)
    assert thumbnails.make(stream, content_type=content_type) is not None
    monkeypatch.setattr(thumbnails, "MAX_DECODED_BYTES", 10_000 * bytes_a_pixel - 1)
    assert thumbnails.make(stream, content_type=content_type) is None


def test_an_upload_does_not_wait_long_for_other_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MAX_WAIT_SECONDS", 0)

    with thumbnails._turn:
        assert thumbnails.make(encoded(Image.new("L", (9, 9)), "PNG"), content_type="image/png") is None
    assert thumbnails.make(encoded(Image.new("L", (9, 9)), "PNG"), content_type="image/png") is not None


# Prints the peak memory of a process, in MiB, that makes thumbnails of a file of 49 million pixels in three threads.
PEAK = """
import sys, threading
from apps.launches.uploads import thumbnails

def make():
    with open(sys.argv[1], "rb") as stream:
        thumbnails.make(stream, content_type="image/png")

threads = [threading.Thread(target=make) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux")
@pytest.mark.ci
def test_images_at_the_same_time_need_the_memory_of_one(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png_of_zeros(7_000, 7_000))
    assert bomb.stat().st_size < 250_000

    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(bomb)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(done.stdout) < 300  # one is 200, each copy or other one as much again


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8\xff\xe0",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"<svg onload='alert(1)'/>",
        b"\0" * 5000,
    ],
)
@pytest.mark.parametrize("content_type", sorted(thumbnails.FORMATS))
def test_what_is_no_image_has_no_thumbnail(content: bytes, content_type: str) -> None:
    assert thumbnails.make(io.BytesIO(content), content_type=content_type) is None


def test_a_picture_that_ends_early_has_no_thumbnail() -> None:
    whole = encoded(Image.effect_noise((400, 400), 50), "PNG").getvalue()

    assert thumbnails.make(io.BytesIO(whole[: len(whole) // 2]), content_type="image/png") is None


def test_another_format_than_announced_is_not_tried() -> None:
    assert thumbnails.make(encoded(Image.new("RGB", (9, 9)), "GIF"), content_type="image/png") is None
    assert thumbnails.make(encoded(Image.new("RGB", (9, 9)), "TIFF"), content_type="image/tiff") is None

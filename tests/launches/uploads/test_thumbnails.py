"""Thumbnails of good, odd and hostile images."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
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


def png_that_claims(width: int, height: int) -> io.BytesIO:
    """Return a PNG of a few bytes whose header promises so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b""))


@pytest.mark.parametrize("side", [7_500, 12_000, 30_000, 2**31 - 1])
def test_a_decompression_bomb_is_not_opened(side: int) -> None:
    assert thumbnails.make(png_that_claims(side, side), content_type="image/png") is None


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

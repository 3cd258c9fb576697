"""Thumbnails of uploaded images. No image can make an upload fail or use much memory.

One image is decoded at a time in each process, and only one that needs at most ``MAX_DECODED_BYTES``. It is scaled down
in tiles, so that no second copy of its size exists.
"""

from __future__ import annotations

import io
import logging
import math
import threading
from typing import IO

from PIL import Image, ImageOps

logger = logging.getLogger(__name__)

# The thumbnail is sent under the content type of the file, so it has the same format.
FORMATS = {
    "image/gif": "GIF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
}
BOX = (320, 320)  # pixels
# 50 million pixels of a PNG. The header's size is checked before anything is decoded.
MAX_DECODED_BYTES = 200_000_000
# Decoders keep whole rows in addition.
MAX_SIDE_PIXELS = 65_535
# An upload waits this long for the images before it, then it continues without a thumbnail.
MAX_WAIT_SECONDS = 5.0
# Each side is averaged down to at least this many pixels before the last, finer step.
_MIN_REDUCED_PIXELS = 2 * max(BOX)
_TILE_PIXELS = 64  # of the reduced image
_ORIENTATION = 0x0112
_GREY = frozenset({"1", "L"})
_GREY_16_BITS = frozenset({"I", "I;16", "I;16B", "I;16L"})

_turn = threading.Lock()


def make(stream: IO[bytes], *, content_type: str) -> bytes | None:
    """Return a thumbnail of the image in ``stream``, upright and without metadata; None where there can be none."""
    wanted = FORMATS.get(content_type)
    if wanted is None:
        return None
    if not _turn.acquire(timeout=MAX_WAIT_SECONDS):
        logger.info("No thumbnail: other images are being decoded")
        return None
    try:
        return _make(stream, wanted)
    except Exception as error:
        # Pillow raises nearly anything on a damaged or hostile file: OSError, ValueError, SyntaxError, struct.error,
        # DecompressionBombError, ...
        logger.info("No thumbnail: %s", type(error).__name__)
        return None
    finally:
        _turn.release()


def _make(stream: IO[bytes], wanted: str) -> bytes | None:
    stream.seek(0)
    # Only the decoder of the content type is tried: a hostile file cannot choose a rarer one.
    with Image.open(stream, formats=[wanted]) as image:
        too_large = image.width * image.height * _bytes_a_pixel(image) > MAX_DECODED_BYTES
        if too_large or max(image.size) > MAX_SIDE_PIXELS:
            return None
        scale = min(BOX[0] / image.width, BOX[1] / image.height, 1)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image.draft("RGB", BOX)  # JPEG: decode at a fraction of the size
        small = _reduced(image).resize(size, Image.Resampling.BICUBIC)
        small.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
    upright = ImageOps.exif_transpose(small)
    if wanted == "JPEG" and upright.mode == "RGBA":
        upright = upright.convert("RGB")
    upright.info.clear()  # no comment, profile or place of the original
    result = io.BytesIO()
    upright.save(result, wanted)
    return result.getvalue()


def _bytes_a_pixel(image: Image.Image) -> int:
    """Return what decoding takes, as measured: Pillow's own pixels have four bytes, some decoders keep more."""
    if image.format == "WEBP":
        return 16  # two canvases of the decoder, its result, and Pillow's pixels
    if image.format == "JPEG" and image.info.get("progressive"):
        return max(4, 2 * len(image.getbands()))  # all coefficients
    return 4


def _reduced(image: Image.Image) -> Image.Image:
    """Return the image averaged to at least ``_MIN_REDUCED_PIXELS`` a side, in mode L, RGB or RGBA."""
    image.load()
    factors = tuple(max(1, side // _MIN_REDUCED_PIXELS) for side in image.size)
    size = tuple(math.ceil(side / factor) for side, factor in zip(image.size, factors, strict=True))
    reduced = Image.new(_mode(image), (size[0], size[1]))
    for left in range(0, size[0], _TILE_PIXELS):
        for top in range(0, size[1], _TILE_PIXELS):
            box = (
                left * factors[0],
                top * factors[1],
                min((left + _TILE_PIXELS) * factors[0], image.width),
                min((top + _TILE_PIXELS) * factors[1], image.height),
            )
            tile = _converted(image.crop(box), reduced.mode)
            reduced.paste(tile.reduce((factors[0], factors[1])), (left, top))
    return reduced


def _mode(image: Image.Image) -> str:
    if image.mode in _GREY_16_BITS:
        return "L"
    if image.has_transparency_data:
        return "RGBA"
    return "L" if image.mode in _GREY else "RGB"


def _converted(tile: Image.Image, mode: str) -> Image.Image:
    if tile.mode in _GREY_16_BITS:  # Pillow would cut what is brighter than 255 of 65,535
        return tile.point(lambda value: value * (1 / 256)).convert(mode)
    return tile.convert(mode)

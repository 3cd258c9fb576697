"""Thumbnails of uploaded images. No image can make an upload fail or use much memory."""

from __future__ import annotations

import io
import logging
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
# Three bytes a pixel: decoding takes at most 150 MB, regardless of the size that the header claims.
MAX_PIXELS = 50_000_000


def make(stream: IO[bytes], *, content_type: str) -> bytes | None:
    """Return a thumbnail of the image in ``stream``, upright and without metadata; None where there can be none."""
    wanted = FORMATS.get(content_type)
    if wanted is None:
        return None
    try:
        stream.seek(0)
        # Only the decoder of the content type is tried: a hostile file cannot choose a rarer one.
        with Image.open(stream, formats=[wanted]) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", BOX)  # JPEG: decode at a fraction of the size
            upright = ImageOps.exif_transpose(image)
            if upright.mode not in {"RGB", "RGBA", "L"}:
                upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            upright.thumbnail(BOX)
            if wanted == "JPEG" and upright.mode == "RGBA":
                upright = upright.convert("RGB")
            upright.info.clear()  # no comment, profile or place of the original
            result = io.BytesIO()
            upright.save(result, wanted)
    except Exception as error:
        # Pillow raises nearly anything on a damaged or hostile file: OSError, ValueError, SyntaxError, struct.error,
        # DecompressionBombError, ...
        logger.info("No thumbnail: %s", type(error).__name__)
        return None
    return result.getvalue()

"""Standard streams whose failures change nothing but the output.

A reader that went away, a full disk, a closed descriptor or a character that the encoding lacks would end a command
between two steps, or turn one that is done into exit code 1.
"""

from __future__ import annotations

import atexit
import errno
import io
import os
import sys
from contextlib import suppress


class UnfailingStream(io.TextIOWrapper):
    """A text stream that loses what cannot be written, and writes what the encoding lacks as escapes.

    It continues after a failure: a disk may have room again. ``lost`` is the last failure, None for none.
    """

    lost: OSError | None = None

    def write(self, text: str) -> int:
        """Write ``text``; return its length, including when it was lost."""
        try:
            return super().write(text)
        except OSError as error:
            self.lost = error
        except ValueError:  # the stream is closed
            pass
        return len(text)

    def flush(self) -> None:
        """Flush what can be written."""
        try:
            super().flush()
        except OSError as error:
            self.lost = error
        except ValueError:
            pass

    def finish(self) -> None:
        """Flush for the last time. What cannot be written goes to the null device, so that closing cannot fail."""
        self.flush()
        if self.lost is None:
            return
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)


def protect() -> None:
    """Replace ``sys.stdout`` and ``sys.stderr`` for the rest of the process."""
    _open_closed_descriptors()
    out = sys.stdout = _unfailing(sys.stdout, 1)
    err = sys.stderr = _unfailing(sys.stderr, 2)
    atexit.register(_finish, out, err)


def _open_closed_descriptors() -> None:
    """Open the null device where a standard stream was closed: the database file would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest free number, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _unfailing(stream: object, number: int) -> UnfailingStream:
    """Return a stream for a descriptor that writes like ``stream``, which is None where it was closed."""
    if not isinstance(stream, io.TextIOWrapper):
        return UnfailingStream(open(number, "wb", closefd=False), encoding="utf-8", errors="backslashreplace")
    encoding, is_by_line, is_direct = stream.encoding, stream.line_buffering, stream.write_through
    return UnfailingStream(
        stream.detach(),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=is_by_line,
        write_through=is_direct,
    )


def _finish(out: UnfailingStream, err: UnfailingStream) -> None:
    out.finish()
    if out.lost is not None and out.lost.errno != errno.EPIPE:  # a reader may stop reading
        err.write(f"Some output was lost: {out.lost.strerror}.\n")
    err.finish()

"""Temporary files that tell nothing: bytes written once, to their end, and read back from anywhere.

Bodies and answers too large for memory hold citizens' scans. A file that has been closed still lies on the disk, until
something else is written there; so what goes into it is encrypted (ChaCha20) under a key that each file has for itself
and that is in this process's memory alone. Under one key nothing is ever written twice to the same place, hence appending
only. There is no tag: whoever can alter a file of this process while it runs can alter the process.
"""

from __future__ import annotations

import io
import secrets
import tempfile
import threading
import weakref
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms

_BLOCK: Final = 64  # bytes of ChaCha20's keystream that one count stands for


class Scratch:
    """One temporary file. May be read in one thread while another appends; goes with the object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as this object
        self.close = weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._writing = self._stream(0)
        self.length = 0

    def append(self, data: bytes | bytearray) -> None:
        """Writes `data` at the end."""
        with self._lock:
            self._file.seek(self.length)
            self._file.write(self._writing.update(data))
            self.length += len(data)

    def read(self, at: int, size: int) -> bytes:
        """At most `size` bytes from `at` on; b"" at the end."""
        start = at - at % _BLOCK
        with self._lock:
            self._file.seek(start)
            data = self._file.read(at - start + size)
        return self._stream(start).update(data)[at - start :]

    def reader(self) -> io.BufferedReader:
        """All of it as a file that is open for reading."""
        return io.BufferedReader(ScratchFile(self), 64 * 1024)

    def _stream(self, at: int) -> CipherContext:
        counter = (at // _BLOCK).to_bytes(8, "little") + bytes(8)
        return Cipher(algorithms.ChaCha20(self._key, counter), mode=None).encryptor()


class ScratchFile(io.RawIOBase):
    """A `Scratch` as a file, for whoever wants one. Writing goes to the end, wherever one has been reading."""

    def __init__(self, scratch: Scratch | None = None) -> None:
        self._scratch = scratch or Scratch()
        self._at = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._scratch.length}[whence]
        if base + offset < 0:
            raise ValueError("there is nothing before the beginning")
        self._at = base + offset
        return self._at

    def write(self, data: Any) -> int:
        self._scratch.append(bytes(data))
        self._at = self._scratch.length
        return len(data)

    def readinto(self, into: Any) -> int:
        data = self._scratch.read(self._at, len(into))
        into[: len(data)] = data
        self._at += len(data)
        return len(data)

"""The form of a stick's file, to bytes and back. Trusts no key and keeps nothing.

    line 1     bianmin stick 1
    line 2     {"from", "to", "keys", "id", "era", "number", "at", "size", "sha256", "chain", "by", "sig"}      canonical JSON
    the rest   "size" bytes: frames, sealed with age to "keys"

A frame is four bytes of length and as many bytes (`sync.stick.load` says of what). `sig` is over all else of line 2, so over
the digest of all that follows: whoever holds a file whose signature and digest are right holds it whole and as it was
written, for the reader it was written for. Only then is it opened. `keys` are the reader's signing keys; age seals to
Ed25519 keys as SSH has them, so whoever may answer for a server may read for it, and no second key has to be spread.
`era`, `number` and `id`: which file of that writer it is.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Final, NamedTuple

from sync import signing, strict_json
from sync.errors import BadJson, DiskFull, TheirFault
from sync.scratch import Scratch
from sync.signing import Signer

VERSION: Final = 1
PURPOSE: Final = "stick"
SUFFIX: Final = ".bianmin"
ROOM: Final = 200 * 1024 * 1024  # bytes of what is sealed, about
LARGEST: Final = (
    240 * 1024 * 1024
)  # bytes that are read at all; a browser may send a little more (sync.endpoint.asgi)
HEAD: Final = 32 * 1024  # bytes of both lines
PIECE: Final = 256 * 1024
FRAME: Final = 40 * 1024 * 1024  # bytes of one frame

_FIRST = re.compile(rb"bianmin stick (\d{1,9})\n")
_MEMBERS: Final = {
    "from": str, "to": str, "keys": list, "id": str, "era": str, "number": int, "at": str, "size": int, "sha256": str,
    "chain": list, "by": str, "sig": str,
}  # fmt: skip


class BadStick(TheirFault):
    """A file of which nothing is taken in. The class says why: whoever tells a person asks it."""

    error = "bad_stick"


class NoStick(BadStick):
    """Not one of our files."""

    error = "stick_none"


class TooNew(BadStick):
    """Written by a newer version."""

    error = "stick_too_new"


class Cut(BadStick):
    """Shorter than it says."""

    error = "stick_cut"


class Altered(BadStick):
    """Not as it was written: the stick is bad, or somebody changed it."""

    error = "stick_altered"


class Header(NamedTuple):
    """What a file says about itself. `at`: the writer's moment, ISO 8601; `chain`: documents by which who does not know the
    key `by` yet may come to trust it."""

    sender: str
    to: str
    keys: tuple[str, ...]
    id: str
    era: str
    number: int
    at: str
    size: int
    sha256: str
    chain: tuple[Mapping[str, Any], ...]
    by: str


class Envelope(NamedTuple):
    """Of a header, what the writer decides."""

    sender: str
    to: str
    keys: tuple[str, ...]
    id: str
    era: str
    number: int
    at: str
    chain: tuple[Mapping[str, Any], ...] = ()


class Stick(NamedTuple):
    """A file that is ready to be written anywhere."""

    header: Header
    head: bytes
    sealed: Scratch

    @property
    def length(self) -> int:
        """Bytes."""
        return len(self.head) + self.sealed.length

    @property
    def name(self) -> str:
        """What the file is called: letters that every kind of stick can keep."""
        return f"bianmin-{self.header.sender}-{self.header.to}-{self.header.number:04}{SUFFIX}"

    def pieces(self) -> Iterator[bytes]:
        """All of it."""
        yield self.head
        for at in range(0, self.sealed.length, PIECE):
            yield self.sealed.read(at, PIECE)


def seal(frames: Iterable[bytes], envelope: Envelope, signer: Signer) -> Stick:
    """The file with these frames. In memory is one frame at a time."""
    import pyrage

    sealed, framed = _Sink(), _Framed(frames)
    recipients = [pyrage.ssh.Recipient.from_str(signing.openssh(key)) for key in envelope.keys]
    try:
        pyrage.encrypt_io(io.BufferedReader(framed, PIECE), sealed, recipients)
    except (pyrage.EncryptError, OSError):
        raise (
            framed.failed or sealed.failed or AssertionError("age failed")
        ) from None  # it tells its own story of ours
    body = {
        "from": envelope.sender, "to": envelope.to, "keys": list(envelope.keys), "id": envelope.id, "era": envelope.era,
        "number": envelope.number, "at": envelope.at, "size": sealed.scratch.length, "sha256": sealed.digest(),
        "chain": [dict(each) for each in envelope.chain],
    }  # fmt: skip
    signed = signer.signed(PURPOSE, body)
    head = b"bianmin stick %d\n%b\n" % (VERSION, strict_json.canonical(signed))
    return Stick(_header(signed), head, sealed.scratch)


def kept(file: IO[bytes]) -> io.BufferedReader:
    """A file's bytes where they don't change while they are looked at: a stick may be bad, or be taken out. Cut where it can't be
    read to its end."""
    own = _Sink()
    try:
        while piece := file.read(PIECE):
            own.write(piece)
            if own.scratch.length > HEAD + LARGEST:
                break  # longer than it can say it is: whatever follows, it is altered
    except OSError as error:
        raise Cut("The file can't be read to its end: the stick is bad, or was taken out.") from error
    return own.scratch.reader()


def read_head(file: IO[bytes]) -> Header:
    """What the file says about itself, signed by the key it names; the file is left where the sealed part begins. NoStick, TooNew,
    Cut, Altered."""
    start = file.read(HEAD)
    found = _FIRST.match(start)
    if found is None:
        raise NoStick("This is not a file of bianmin's.")
    if int(found[1]) != VERSION:
        raise TooNew(
            "The file was written by a newer version of bianmin. Bring this computer up to date first."
        )
    end = start.find(b"\n", found.end())
    if end < 0:
        raise Cut("The file is not complete.") if len(start) < HEAD else Altered(ALTERED)
    line = start[found.end() : end]
    file.seek(end + 1)
    try:
        signed = strict_json.loads_object(line)
        sound = strict_json.canonical(signed) == line and _is_sound(signed)
    except BadJson:
        sound = False
    if not sound or not signing.is_signed(PURPOSE, signed):
        raise Altered(ALTERED)
    return _header(signed)


ALTERED: Final = "The file is not as it was written: the stick is bad, or somebody changed it."


def check_whole(file: IO[bytes], header: Header) -> None:
    """Reads what is sealed, from here to the end; Cut or Altered unless it is all of it, and nothing else. The file is left
    where it began."""
    start, sum, length = file.tell(), hashlib.sha256(), 0
    while piece := file.read(PIECE):
        sum.update(piece)
        length += len(piece)
    file.seek(start)
    if length < header.size:
        raise Cut("The file is not complete: copying it was broken off, or the stick is bad.")
    if length > header.size or sum.hexdigest() != header.sha256:
        raise Altered(ALTERED)


def opened(file: IO[bytes], signer: Signer) -> Scratch:
    """The frames of a file that is whole, in a place where nobody else reads them. Altered where the key does not open it though
    the file is for it: whoever wrote it did not write it right."""
    import pyrage

    plain = _Sink()
    identity = pyrage.ssh.Identity.from_buffer(signer.openssh())
    try:
        pyrage.decrypt_io(file, plain, [identity])
    except (pyrage.DecryptError, OSError) as error:
        raise plain.failed or Altered(ALTERED) from error
    return plain.scratch


def frames(plain: Scratch) -> Iterator[bytes]:
    """One after the other. Altered where there are none."""
    at = 0
    while at < plain.length:
        length = int.from_bytes(plain.read(at, 4))
        if not 0 < length <= FRAME or at + 4 + length > plain.length:
            raise Altered(ALTERED)
        yield plain.read(at + 4, length)
        at += 4 + length


def _is_sound(signed: Mapping[str, Any]) -> bool:
    return (
        set(signed) == set(_MEMBERS)
        and all(type(signed[name]) is kind for name, kind in _MEMBERS.items())
        and all(len(signed[name]) <= 64 for name in ("from", "to", "id", "era", "at", "sha256"))
        and all(type(key) is str for key in signed["keys"])
        and all(type(doc) is dict for doc in signed["chain"])
        and 0 < signed["number"] < 10**9
        and 0 < signed["size"] <= LARGEST
    )


def _header(signed: Mapping[str, Any]) -> Header:
    return Header(
        signed["from"], signed["to"], tuple(signed["keys"]), signed["id"], signed["era"], signed["number"], signed["at"],
        signed["size"], signed["sha256"], tuple(signed["chain"]), signed["by"],
    )  # fmt: skip


class _Framed(io.RawIOBase):
    """Frames as a file to be read."""

    def __init__(self, frames: Iterable[bytes]) -> None:
        self._frames = iter(frames)
        self._left = memoryview(b"")
        self.failed: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self._left:
            try:
                frame = next(self._frames, None)
            except BaseException as error:
                self.failed = error
                raise
            if frame is None:
                return 0
            self._left = memoryview(len(frame).to_bytes(4) + frame)
        piece = self._left[: len(into)]
        into[: len(piece)] = piece
        self._left = self._left[len(piece) :]
        return len(piece)


class _Sink:
    """Takes what is written into a scratch file, and its digest."""

    def __init__(self) -> None:
        self.scratch = Scratch()
        self.failed: DiskFull | None = None
        self._sum = hashlib.sha256()

    def write(self, data: bytes) -> int:
        try:
            self.scratch.append(data)
        except OSError as error:
            self.failed = DiskFull("The disk for temporary files is full. Free some space, then try again.")
            raise self.failed from error
        self._sum.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def digest(self) -> str:
        return self._sum.hexdigest()

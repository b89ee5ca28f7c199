"""What can go wrong while documents are kept and moved. Holds no behaviour but wording and statuses.

    SyncError
     ├─ OurFault                     this side cannot do its work; a person here must act
     │   ├─ BadStore                 the file is damaged or of another program
     │   │   ├─ WrongKey             the file is encrypted, and not with the key that was given
     │   │   └─ StoreMissing         there is no file, and the caller did not ask for a new one
     │   ├─ StoreTooNew              a newer bianmin wrote the file; it was not touched
     │   ├─ StoreLocked              another process has the file open
     │   ├─ StoreClosed              the store was used after close()
     │   └─ DiskFull                 nothing was written, nothing is lost, reading goes on
     └─ TheirFault                   the other side asked for, or answered, something that cannot be served
         ├─ BadJson                  not JSON, or JSON no strict reader takes                    400
         ├─ BadRequest               JSON of another shape than asked for                        400
         │   └─ IllegalDatabaseName  a name no database can have                                 400
         ├─ Unauthorized             nobody is signed in                                         401
         ├─ Forbidden                somebody is, and may not                                    403
         ├─ NotFound                 no such database or document                                404
         ├─ MethodNotAllowed         asked in a way that is not served here                      405
         ├─ Conflict                 the document has moved on                                   409
         ├─ DatabaseExists           created twice                                               412
         ├─ NotServed                code in documents, which is never run                       501
         ├─ MissingStub              a stub names an attachment that is not here                 412
         ├─ TooLarge                 more than the bound named in the reason                     413
         ├─ BadContentType           a body of another kind than JSON                            415
         │   └─ UnknownPacking       a message with a dictionary that is not known here          415
         ├─ TooManyRequests          too many tries in vain; the reason says how long to wait    429
         ├─ Unreachable              no answer: refused, cut, or too slow                        502
         │   └─ Untrusted            TLS, and the certificate is nobody's we trust               502
         │       └─ NotInForce       it is somebody's we trust, at another time                  502
         ├─ PeerFailed               an answer, and it says the peer is in trouble (5xx, 429)    502
         └─ NotAPeer                 an answer, and not from a peer: a captive portal, a redirect 502

Which side must act is the first question asked of every failure, hence the two branches. `status` is what an
endpoint answers, `error` is CouchDB's word for it, `reason` is a sentence for a person. The cause is chained.
"""

from __future__ import annotations


class SyncError(Exception):
    """The root. `SyncError(reason)`; status and error word belong to the class."""

    status: int = 500
    error: str = "internal_server_error"
    word: str = ""
    """The far end's own word, where it was the far end that said no."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OurFault(SyncError):
    """This side cannot do its work."""

    status = 500


class BadStore(OurFault):
    """The file is damaged or belongs to another program."""

    error = "bad_store"


class WrongKey(BadStore):
    """The file is encrypted, and the key that was given, or none, does not open it."""

    error = "wrong_key"


class StoreMissing(BadStore):
    """There is no store at the path, and none was to be made."""

    error = "no_store"


class StoreTooNew(OurFault):
    """The file was written by a newer version. It is left as it was."""

    error = "store_too_new"


class StoreLocked(OurFault):
    """Another process has the store open."""

    status = 503
    error = "store_locked"


class StoreClosed(OurFault):
    """The store has been closed."""

    status = 503
    error = "store_closed"


class DiskFull(OurFault):
    """The disk has no room. The transaction was undone whole; reading goes on; try again once there is room."""

    status = 507
    error = "insufficient_storage"


class TheirFault(SyncError):
    """The other side asked for, or answered, something that cannot be served."""

    status = 400
    error = "bad_request"


class BadJson(TheirFault):
    """Not JSON, or JSON that two readers could understand differently."""


class BadRequest(TheirFault):
    """Well-formed JSON or a query of another shape than asked for."""


class BadDocument(BadRequest):
    """A document with members no document may have."""

    error = "doc_validation"


class IllegalDatabaseName(BadRequest):
    """A name no database can have."""

    error = "illegal_database_name"


class Unauthorized(TheirFault):
    """Nobody is signed in."""

    status = 401
    error = "unauthorized"


class Forbidden(TheirFault):
    """Somebody is signed in and may not do this."""

    status = 403
    error = "forbidden"


class NotFound(TheirFault):
    """No such database, document or attachment."""

    status = 404
    error = "not_found"


class MethodNotAllowed(TheirFault):
    """Asked for in a way that is not served here."""

    status = 405
    error = "method_not_allowed"


class Conflict(TheirFault):
    """The document has moved on since it was read."""

    status = 409
    error = "conflict"


class DatabaseExists(TheirFault):
    """A database of this name is already there."""

    status = 412
    error = "file_exists"


class NotServed(TheirFault):
    """CouchDB would do this, and this system on purpose does not."""

    status = 501
    error = "not_implemented"


class MissingStub(TheirFault):
    """A stub names an attachment that is not held here."""

    status = 412
    error = "missing_stub"


class TooLarge(TheirFault):
    """More than the bound named in the reason."""

    status = 413
    error = "too_large"


class BadContentType(TheirFault):
    """A request body of another kind than application/json."""

    status = 415
    error = "bad_content_type"


class UnknownPacking(BadContentType):
    """A message of exchange packed in a way that is not known here: with a newer dictionary, say."""

    error = "unknown_packing"


class TooManyRequests(TheirFault):
    """Whoever asks has to wait; `retry_after` seconds."""

    status = 429
    error = "too_many_requests"

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Unreachable(TheirFault):
    """No answer: refused, cut off, or too slow. Trying again later is right."""

    status = 502
    error = "unreachable"


class Untrusted(Unreachable):
    """What answers shows a certificate that is not one we trust, or no TLS at all. Nothing was sent to it."""

    error = "untrusted"


class NotInForce(Untrusted):
    """The certificate is one we would trust, were it another day by this computer's clock."""


class PeerFailed(TheirFault):
    """The peer answered that it is in trouble or busy. `retry_after` is in seconds, when it said so. `untouched`: it has
    not looked at what was sent."""

    status = 502
    error = "peer_failed"

    def __init__(self, reason: str, retry_after: float | None = None, *, untouched: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.untouched = untouched


class NotAPeer(TheirFault):
    """Something answered that is no peer: a captive portal, a redirect, another program."""

    status = 502
    error = "not_a_peer"

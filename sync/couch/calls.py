"""One request to CouchDB and its answer; CouchDB's errors and the network's as ours. Holds no document and no state.

What CouchDB refuses *us* (no password, a wrong one, a right we lack) is never handed on as a refusal of whoever asked
us: to them it is a server in trouble.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import couchdb
from couchdb import http as couch

from sync import errors, names, strict_json
from sync.couch.address import Address
from sync.couch.session import ANSWER, Body, Session, TooMuch


class Calls:
    """Requests to one cluster. `answer`: seconds to wait for a byte."""

    def __init__(self, address: Address, answer: float = ANSWER) -> None:
        self.address = address
        self._session = Session(address, answer)
        self._server = couchdb.Server(address.url, session=self._session)
        self._server.resource.credentials = address.auth

    def ask(self, method: str, *path: str, body: Any = None, **params: Any) -> Any:
        """The answer, read. `body`: a value, or bytes of JSON; `params` as python-couchdb writes them."""
        with self._translated():
            _, _, data = self._send(method, path, body, params)
            return strict_json.loads_own(data.read() or b"null")

    def stream(self, *path: str, **params: Any) -> tuple[http.client.HTTPMessage, Body]:
        """An answer's headers, and its body to be read piece by piece."""
        with self._translated():
            _, headers, data = self._send("GET", path, None, params, {"Accept": "*/*"})
        return headers, data

    def pieces(self, data: Body, size: int) -> Iterator[bytes]:
        """A streamed body, piece by piece."""
        try:
            while True:
                with self._translated():
                    piece = data.read(size)
                if not piece:
                    return
                yield piece
        finally:
            data.close()

    def _send(self, method: str, path: tuple[str, ...], body: Any, params: Any, headers: Any = None) -> Any:
        resource = self._server.resource(*path)
        send = getattr(resource, method.lower())
        if method in ("POST", "PUT"):
            return send(body=body, headers=headers, **params)
        return send(headers=headers, **params)

    def real(self, name: str) -> str:
        """What CouchDB calls a database of ours."""
        return self.address.prefix + name

    def ours(self, real: str) -> str | None:
        """What we call a database of CouchDB's; None if it is not for us: CouchDB's own, another city's."""
        name = real.removeprefix(self.address.prefix)
        return name if real.startswith(self.address.prefix) and names.is_database(name) else None

    def close(self) -> None:
        """Ends every connection; requests on their way fail."""
        self._session.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except couch.ResourceNotFound as error:
            raise errors.NotFound(_reason(error)) from error
        except couch.ResourceConflict as error:
            raise errors.Conflict(_reason(error)) from error
        except couch.PreconditionFailed as error:
            raise _precondition(error) from error
        except (couch.Unauthorized, couch.Forbidden) as error:
            raise errors.PeerFailed(
                f"CouchDB at {self.address} does not let us in: {_reason(error)} Look at the user and password."
            ) from error
        except couch.ServerError as error:
            raise self._by_status(error) from error
        except couch.RedirectLimit as error:
            raise errors.NotAPeer(f"CouchDB at {self.address} sends us elsewhere: {error}.") from error
        except TooMuch as error:
            raise errors.PeerFailed(f"CouchDB at {self.address}: {error}") from error
        except TimeoutError as error:
            raise errors.Unreachable(f"No answer from CouchDB at {self.address} in time.") from error
        except (OSError, http.client.HTTPException) as error:
            raise errors.Unreachable(f"No answer from CouchDB at {self.address}: {error}.") from error
        except ValueError as error:
            raise errors.NotAPeer(f"What answers at {self.address} is no CouchDB.") from error

    def _by_status(self, error: couch.ServerError) -> errors.SyncError:
        status, (word, reason) = error.args[0]
        if status == 400:
            return errors.BadRequest(reason)
        if status == 413:
            return errors.TooLarge(f"CouchDB takes no more: {reason}")
        return errors.PeerFailed(f"CouchDB at {self.address} is in trouble: {word} {reason} ({status})"[:300])


def _reason(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return str(told[1] if isinstance(told, tuple) else told)


def _precondition(error: Exception) -> errors.TheirFault:
    told = error.args[0]
    if isinstance(told, tuple) and told[0] == "missing_stub":
        return errors.MissingStub(told[1])
    return errors.DatabaseExists(_reason(error))

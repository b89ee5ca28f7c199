"""bianmin-sync: replication by hand, for operators and for trying things out. Holds no replication of its own."""

from __future__ import annotations

import contextlib
import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import click

from sync import collecting, copying, names, remote, replicate, wire
from sync.endpoint import requests
from sync.errors import BadRequest, SyncError
from sync.remote import RemoteDatabase, RemoteServer
from sync.store import Database, Store, encryption

PEER = """PEER is http://user:password@host:port/db/NAME, or PATH.sqlite#NAME for a database in a store's file."""

SERVER = """FROM and TO are PATH.sqlite, http://user:password@host:port/db of a running server, or
http://user:password@host:port of a CouchDB (with the prefix of its databases' names as path, if it has one)."""


def open_peer(
    text: str, closing: contextlib.ExitStack, *, create: bool = False, key: bytes | None = None
) -> Database | RemoteDatabase:
    """The peer `text` names. What was opened for it is closed with `closing`. BadRequest if it names none. `key`: of a store's
    file that is encrypted."""
    if text.startswith(("http://", "https://")):
        parts = urlsplit(text)
        above, _, name = parts.path.rstrip("/").rpartition("/")
        auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        host = parts.netloc.rpartition("@")[2]
        server = closing.enter_context(RemoteServer(f"{parts.scheme}://{host}{above}", auth=auth))
        return server.database(name, create=create)
    path, hash, name = text.rpartition("#")
    if not path or not hash or not names.is_database(name):
        raise BadRequest(f"{text!r} names no peer. {PEER}")
    store = closing.enter_context(Store.open(path, create=create, key=copying.key_for(path, key)))
    return store.database(name, create=create)


class _Group(click.Group):
    """With commands of those who know whose keys count: `sync` imports none of them, and loads one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *entry_points(group="bianmin.sync").names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = entry_points(group="bianmin.sync", name=cmd_name)
        return super().get_command(ctx, cmd_name) or next((each.load() for each in found), None)


@click.group(cls=_Group, epilog=PEER)
@click.option(
    "--key-file",
    type=click.File(encoding="ascii"),
    help="The key of stores' files that are encrypted, or made here: 64 hexadecimal digits, as `bianmin-station unlock`"
    " writes them.",
)
@click.pass_context
def main(ctx: click.Context, key_file: TextIO | None) -> None:
    """Replicates between stores and servers that speak CouchDB's replication protocol."""
    collecting.seldom()
    ctx.obj = None
    if key_file is not None:
        with contextlib.suppress(UnicodeDecodeError):
            ctx.obj = encryption.parse_key(key_file.read().strip())
        if ctx.obj is None:
            raise click.BadParameter(f"{key_file.name} is no key file: it should hold 64 hexadecimal digits")


@main.command("replicate", epilog=PEER)
@click.argument("source")
@click.argument("target")
@click.option(
    "--batch", default=500, show_default=True, type=click.IntRange(1, 10_000), help="Changes a round."
)
@click.option("--create", is_flag=True, help="Make the target if it is missing.")
@click.pass_obj
def replicate_command(key: bytes | None, source: str, target: str, batch: int, create: bool) -> None:
    """Copy to TARGET every revision of SOURCE that it lacks."""
    with _said_plainly(), contextlib.ExitStack() as closing:
        if _file(source) and _file(source) == _file(target):
            path = source.rpartition("#")[0]
            store = closing.enter_context(Store.open(path, create=False, key=copying.key_for(path, key)))
            session = replicate.replicate(
                store.database(source.rpartition("#")[2]),
                store.database(target.rpartition("#")[2], create=create),
                batch=batch,
            )
        else:
            session = replicate.replicate(
                open_peer(source, closing, key=key),
                open_peer(target, closing, create=create, key=key),
                batch=batch,
                ahead=True,
            )
        _print(
            {
                "replication_id": session.replication_id,
                "start_seq": session.start_seq,
                "end_seq": session.end_seq,
                "changes": session.changes,
                "read": session.read,
                "written": session.written,
                "refused": [refusal._asdict() for refusal in session.refused],
                "seconds": round(session.ended_at - session.started_at, 3),
            }
        )
        if session.refused:
            raise SystemExit(1)


@main.command("replicate-all", epilog=SERVER)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--verify-only", is_flag=True, help="Copy nothing; say in what TO differs.")
@click.pass_obj
def replicate_all(key: bytes | None, source: str, target: str, verify_only: bool) -> None:
    """Copy every database of the server FROM to the server TO, then compare them document by document.

    Goes on where an earlier copy was broken off. Exit status 1 when anything is refused or differs.
    """
    with _said_plainly(), contextlib.ExitStack() as closing:
        here = copying.open_server(source, closing, key=key)
        there = copying.open_server(target, closing, create=not verify_only, key=key)
        count, at, total = (
            len(here.names()),
            0,
            {"documents": 0, "written": 0, "refused": 0, "differences": 0},
        )

        def moved(name: str, session: replicate.Session) -> None:
            click.echo(
                f"[{at + 1}/{count}] {name}: {session.changes} changes, {session.written} written", err=True
            )

        done = copying.compare_all(here, there) if verify_only else copying.copy_all(here, there, moved=moved)
        for at, each in enumerate(done, 1):
            click.echo(
                f"[{at}/{count}] {each.name}: {each.documents} documents, {each.written} written,"
                f" {'equal' if not each.differences else f'{len(each.differences)} differ'}"
            )
            for refusal in each.refused[: copying.SHOWN]:
                click.echo(f"    refused: {refusal.id} {refusal.rev}: {refusal.reason}")
            for difference in each.differences[: copying.SHOWN]:
                click.echo(f"    differs: {difference}")
            total["documents"] += each.documents
            total["written"] += each.written
            total["refused"] += len(each.refused)
            total["differences"] += len(each.differences)
        click.echo(json.dumps({"databases": count, **total}))
        if total["refused"] or total["differences"]:
            raise SystemExit(1)


@main.command(epilog=PEER)
@click.argument("peer")
@click.pass_obj
def info(key: bytes | None, peer: str) -> None:
    """Say what PEER is."""
    with _said_plainly(), contextlib.ExitStack() as closing:
        opened = open_peer(peer, closing, key=key)
        _print({"identity": opened.identity, **opened.info()})


@main.command()
def config() -> None:
    """Print the bounds this program works within."""
    _print(
        {
            "document_bytes": wire.MAX_DOCUMENT,
            "request_bytes_sent": remote.MAX_REQUEST,
            "request_bytes_taken": requests.MAX_BODY,
            "response_bytes_taken": remote.MAX_RESPONSE,
            "items_in_a_request": requests.MAX_ITEMS,
            "timeouts_seconds": remote.TIMEOUT.as_dict(),
            "checkpoints_remembered": replicate.HISTORY,
            "checkpoint_every_batches": replicate.CHECKPOINT_BATCHES,
            "checkpoint_every_seconds": replicate.CHECKPOINT_SECONDS,
        }
    )


def _file(peer: str) -> Path | None:
    return None if "://" in peer else Path(peer.rpartition("#")[0]).resolve()


@contextlib.contextmanager
def _said_plainly() -> Any:
    """Our errors as a sentence and exit status 2, not as a traceback."""
    try:
        yield
    except SyncError as error:
        raise click.exceptions.UsageError(error.reason) from error


def _print(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))

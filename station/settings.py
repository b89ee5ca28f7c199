"""What a person can set, once for every command: name, default, meaning, and where the value in force comes from.

Strength: option, then environment (BIANMIN_<NAME>), then one TOML file (--config or BIANMIN_CONFIG), then default.
click does the work; here are only the options, the file, and the report. Nothing here opens a store or a port.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from sync.errors import BadRequest

SOURCES = {
    ParameterSource.COMMANDLINE: "option",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "file",
    ParameterSource.DEFAULT: "default",
}

HUB_ONLY = {"couchdb_url", "couchdb_public"}
CONFIG = "bianmin.config"
"""Under what a command finds the settings file in its context's meta."""
KEYSTORE = "(this computer's keystore)"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in force. Seconds for times; `code` is the 12-digit station code."""

    data: Path
    code: str
    host: str = "127.0.0.1"
    port: int = 8100
    parents: tuple[str, ...] = ()
    sync_interval: float = 30.0
    threads: int = 8
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    language: str = "zh"
    encrypt: bool = True
    key_file: Path | None = None
    idle_lock: float = 600.0
    access_log_days: int = 1095
    log_format: str = "text"
    image_edge: int = 2000
    image_quality: int = 80
    keep_originals: bool = False
    backup: Path | None = None
    upgrades: str = "idle"
    tls: bool = False
    proxies: tuple[str, ...] = ()
    couchdb_url: str = ""
    couchdb_public: bool = False
    sources: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def store_path(self) -> Path:
        """The one file that must not be lost."""
        return self.data / "store.sqlite"

    @property
    def register_path(self) -> Path:
        """A projection of the store; deleting it costs a rebuild and nothing else."""
        return self.data / "register.sqlite"

    @property
    def people_path(self) -> Path:
        """Who is known at the window; deleting it costs a rebuild and nothing else."""
        return self.data / "people.sqlite"

    @property
    def access_path(self) -> Path:
        """Who saw whose full record here."""
        return self.data / "access.sqlite"

    @property
    def journal_path(self) -> Path:
        """What a hub on CouchDB has heard from its cluster; deleting it costs hearing it again."""
        return self.data / "journal.sqlite"

    def report(self) -> list[tuple[str, str, str]]:
        """(name, value as written, source) of every setting; secrets are shown as set or not."""
        rows = []
        for each in fields(self):
            if each.name == "sources" or (each.name in HUB_ONLY and each.name not in self.sources):
                continue
            value = getattr(self, each.name)
            if each.name == "couchdb_url":
                shown = _couch().masked(value) or "(not set)"
            elif each.name == "key_file" and value is None:
                shown = KEYSTORE
            elif value is None:
                shown = "(not set)"
            else:
                shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            rows.append((each.name, shown, self.sources.get(each.name, "default")))
        return rows


def read_file(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """The TOML file's values become click's defaults. A broken or unknown entry stops with its line or name."""
    if path is None:
        return None
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise click.BadParameter(
            f"{path} does not exist; name an existing file or leave --config away"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(
            f"{path} is not valid TOML: {error}. Mend that line and start again"
        ) from error
    except OSError as error:
        raise click.BadParameter(f"{path} can't be read: {error.strerror}") from error
    known = {param.name for param in ctx.command.params if param.name != "config"}
    if unknown := sorted(set(values) - known):
        raise click.BadParameter(
            f"{path} sets {', '.join(unknown)}, which no setting is called; known are {', '.join(sorted(filter(None, known)))}"
        )
    ctx.meta[CONFIG] = path.resolve()
    ctx.default_map = {**(ctx.default_map or {}), **values}
    return path


def settings_options(
    *, data: str, port: int, code: str | None = None, hub: bool = False
) -> Callable[[Any], Any]:
    """The options that every command of a server shares, as one decorator for its click group. `hub`: with those that
    only a hub has."""
    options = [
        click.option("--config", type=click.Path(path_type=Path), is_eager=True, callback=read_file, expose_value=False,
                     envvar="BIANMIN_CONFIG", help="One TOML file with any of these settings (config = none)."),
        click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=data, show_default=True,
                     envvar="BIANMIN_DATA", help="Folder of this server's store and register."),
        click.option("--code", default=code, show_default=True, required=code is None,
                     envvar="BIANMIN_CODE", help="This station's 12-digit code."),
        click.option("--host", default="127.0.0.1", show_default=True, envvar="BIANMIN_HOST",
                     help="Address to listen on. Other than loopback it is served by TLS, or behind a --proxy."),
        click.option("--port", type=click.IntRange(0, 65535), default=port, show_default=True, envvar="BIANMIN_PORT",
                     help="Port to listen on; 0 takes any free one."),
        click.option("--parents", "--parent", multiple=True, envvar="BIANMIN_PARENTS",
                     help="Address of a server above, best first (township, then hub); repeat it for more."),
        click.option("--sync-interval", type=click.FloatRange(0.2, 86400), default=30.0, show_default=True,
                     envvar="BIANMIN_SYNC_INTERVAL", help="Seconds between syncs when nothing happens here."),
        click.option("--threads", type=click.IntRange(2, 64), default=8, show_default=True, envvar="BIANMIN_THREADS",
                     help="Requests answered at once."),
        click.option("--hosts", multiple=True, default=("127.0.0.1", "localhost"), show_default=True,
                     envvar="BIANMIN_HOSTS", help="Host names by which this server may be addressed."),
        click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True,
                     envvar="BIANMIN_LANGUAGE", help="Language of pages until a person switches."),
        click.option("--encrypt/--no-encrypt", default=not hub, show_default=True, envvar="BIANMIN_ENCRYPT",
                     help="Encrypt the files in the data folder. A plain store is encrypted at the next start."),
        click.option("--key-file", type=click.Path(path_type=Path, dir_okay=False), envvar="BIANMIN_KEY_FILE",
                     help="Keep the key of the encrypted files in this file instead of the computer's keystore; not in the"
                          " data folder."),
        click.option("--idle-lock", type=click.FloatRange(60, 43200), default=600.0, show_default=True,
                     envvar="BIANMIN_IDLE_LOCK", help="Seconds without a request after which a page asks for the password."),
        click.option("--access-log-days", type=click.IntRange(184, 36500), default=1095, show_default=True,
                     envvar="BIANMIN_ACCESS_LOG_DAYS",
                     help="How long it is kept who saw whose record; six months is the least that the law allows."),
        click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
                     envvar="BIANMIN_LOG_FORMAT", help="How the log on standard error is written: lines for people, or an object a line."),
        click.option("--image-edge", type=click.IntRange(0, 10000), default=2000, show_default=True, envvar="BIANMIN_IMAGE_EDGE",
                     help="Pixels of the longest edge that photos and scans are reduced to; 0 keeps their size."),
        click.option("--image-quality", type=click.IntRange(40, 95), default=80, show_default=True,
                     envvar="BIANMIN_IMAGE_QUALITY", help="Quality of the JPEGs that photos and scans become."),
        click.option("--keep-originals", is_flag=True, envvar="BIANMIN_KEEP_ORIGINALS",
                     help="Keep a photo as it came, on this computer alone, until the hub has confirmed the record that names it."),
        click.option("--backup", type=click.Path(path_type=Path, file_okay=False), envvar="BIANMIN_BACKUP",
                     help="Folder on another disk, or a stick, that gets a backup each day; not in the data folder."),
        click.option("--upgrades", type=click.Choice(["idle", "asked"]), default="idle", show_default=True, envvar="BIANMIN_UPGRADES",
                     help="When a station takes a version that came by sync: by itself while nobody works, or only when it is asked to."),
        click.option("--tls", is_flag=True, envvar="BIANMIN_TLS",
                     help="Speak TLS on loopback too. On every other address it is spoken anyway."),
        click.option("--proxies", "--proxy", multiple=True, envvar="BIANMIN_PROXIES",
                     help="Address of a proxy in front that speaks TLS; what it says of the caller is believed from it alone."
                          " Repeat it for more."),
    ]  # fmt: skip

    if hub:
        options += [
            click.option("--couchdb-url", default="", envvar="BIANMIN_COUCHDB_URL",
                         help="Keep the databases in this CouchDB cluster: http://user:password@host:port, several nodes with"
                              " commas between. Better in the environment or the file than on the command line."),
            click.option("--couchdb-public", is_flag=True, envvar="BIANMIN_COUCHDB_PUBLIC",
                         help="Take a CouchDB on a public address all the same."),
        ]  # fmt: skip

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _couch() -> Any:
    """The reading of a CouchDB's address. Loaded by a hub that has one: a station on an old laptop need not wait for it."""
    from sync.couch import address

    return address


def settings_from(ctx: click.Context, values: dict[str, Any]) -> Settings:
    """Settings out of a group's parsed options, remembering each value's source."""
    sources = {name: SOURCES.get(source, "default") for name in values
               if (source := ctx.get_parameter_source(name)) is not None}  # fmt: skip
    values = {
        name: tuple(value) if isinstance(value, (list, tuple)) else value for name, value in values.items()
    }
    if values.get("couchdb_url"):
        try:
            _couch().parse(values["couchdb_url"], public=values["couchdb_public"])
        except BadRequest as error:
            raise click.BadParameter(error.reason, param_hint="--couchdb-url") from None
    for each in values["proxies"]:
        try:
            ipaddress.ip_address(each)
        except ValueError:
            raise click.BadParameter(
                f"{each} is no address. Name the proxy by the address it calls from, such as 127.0.0.1",
                param_hint="--proxy",
            ) from None
    key_file = values.get("key_file")
    if key_file is not None and key_file.resolve().is_relative_to(values["data"].resolve()):
        raise click.BadParameter(
            f"{key_file} lies in the data folder, where a thief would find it beside what it opens. Name a place outside",
            param_hint="--key-file",
        )
    backup = values.get("backup")
    if backup is not None and backup.resolve().is_relative_to(values["data"].resolve()):
        raise click.BadParameter(
            f"{backup} lies in the data folder and would be lost with it. Name a folder on another disk or a stick",
            param_hint="--backup",
        )
    return Settings(**values, sources=sources)

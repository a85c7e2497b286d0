"""Environment → Settings, read once, at the door. Every setting has the prefix TIMELINE_; an unknown one is an error."""

import difflib
import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from limits import parse as parse_rate
from platformdirs import user_data_path
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TIMELINE_"


_ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d{1,5})?")


class UnusableSettings(ValueError):
    """A setting that is unknown, or whose value will not do; one line for people."""


def _rate(said: str) -> str:
    if said != "off":
        try:
            parse_rate(said)
        except ValueError:
            raise ValueError(
                f"{said!r}: how often is written as 6000/minute, 10/second or 500 per hour, or off"
            ) from None
    return said


def _networks(said: str) -> str:
    for one in listed(said):
        ip_network(one, strict=False)  # its own message names what is no address
    return said


def _origins(said: str) -> str:
    for one in listed(said):
        if not _ORIGIN.fullmatch(one):
            raise ValueError(f"{one!r}: an origin is named exactly, as https://map.example.org; there is no `*`")
    return said


def _standbys(said: str) -> str:
    for one in listed(said):
        try:
            conninfo_to_dict(one)
        except psycopg.ProgrammingError:  # its own message quotes what cannot be read, and that may be a password
            said = (
                "an address cannot be read: each names one server, as postgresql://user@host/name, with commas between"
            )
            raise ValueError(said) from None
    return said


def listed(said: str | None) -> list[str]:
    """The values of a setting that has several, with commas between."""
    return [one.strip() for one in (said or "").split(",") if one.strip()]


Rate = Annotated[str, AfterValidator(_rate)]
Networks = Annotated[str, AfterValidator(_networks)]
Origins = Annotated[str, AfterValidator(_origins)]
Standbys = Annotated[str, AfterValidator(_standbys)]


class Settings(BaseSettings):
    """What can be set from outside.

    Attributes:
        home: Data folder of the embedded PostgreSQL.
        database_url: A PostgreSQL server (15 to 18) to use instead of the embedded one, as libpq takes it.
        replica_urls: Hot standbys of that server which reads go to, as libpq takes them, with commas between; each names one.
        replica_lag_seconds: Nothing is read from a standby that is behind the primary by more.
        replica_pooled: A pooler (pgbouncer) that lends servers for one transaction stands before the standbys.
        log_level: How much the service says on standard error.
        log_format: `text` for people, or `json`, an object a line, for what collects them.
        log_requests: `all` requests have a line in the log, or those alone that `failed` by our fault (5xx).
        traces: Send traces after OpenTelemetry, where its own variables (OTEL_…) say; takes the extra `otel`.
        oidc_issuer: The OpenID Connect issuer whose tokens are taken, by its address.
        oidc_audience: Whom those tokens must be made for.
        oidc_roles_claim: The claim that lists the roles of who presents one; a path where it has dots.
        log_origin: The name of the log in its checkpoints, an address without scheme; by default that of its key.
        log_key_file: The file of the key that signs checkpoints; made where it is missing. By default below `home`.
        log_key: That key itself, instead of a file. There may be several, a line each: all private ones sign (while one
            follows the other), public ones did once.
        start: The state in which the page opens, as one of its links, or what follows `?` in it.
        moments: A JSON file of captioned moments that the page links to, in the form of `demo/moments.json`.
        colours: A JSON file of how the page draws actors: `{"hts": {"colour": "#6bd9e4", "initials": "HTS"}}`.
        basemap: A GeoJSON file that the page draws land and borders from instead of its own, with a `credit` that it shows.
        zone: The time zone that the page tells times in first, such as Asia/Damascus; UTC stands beside.
        log_checkpoint_seconds: A new checkpoint is signed so long after the last, where there are new events ...
        log_checkpoint_events: ... or after so many of them.
        tsa_url: A time-stamping authority (RFC 3161) that checkpoints are brought to; none by default.
        tsa_seconds: The newest checkpoint is brought to it so often.
        open_reads: Whoever asks may read, without a key; writing takes one as before. Off: every read takes a key.
        limit_reads, limit_writes, limit_streams, limit_costly: How often one principal (or address) may read, record, open
            streams, and ask for what is costly, as `6000/minute`; `off` for no limit. On loopback without keys none counts.
        limit_strangers: How often one address may present credentials that are none.
        trusted_proxies: Addresses and networks whose X-Forwarded-For and -Proto are believed, with commas between.
        at_once: So many requests are worked at in one process; more are answered 503 at once.
        streams, streams_each: So many streams a process; so many of one principal (or address).
        statement_seconds, write_seconds: A question to the database, and a statement of whoever records or follows, is
            broken off after so many seconds while the service runs.
        cors_origins: Origins whose pages may ask from a browser, with commas between; none by default.
        embed_origins: Origins whose pages may show `/embed` in a frame, with commas between; by default our own alone.
        webhook_private: Webhooks may go to addresses of one's own network and of this machine, and over http.
        hsts: Say Strict-Transport-Security on every answer; else only where the request came over https.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Field(default_factory=lambda: user_data_path("timeline", appauthor=False))
    database_url: str | None = None
    replica_urls: Standbys | None = None
    replica_lag_seconds: float = Field(default=5.0, gt=0)
    replica_pooled: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "text"
    log_requests: Literal["all", "failed"] = "failed"
    traces: bool = False
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_roles_claim: str = "roles"
    start: str | None = None
    moments: Path | None = None
    colours: Path | None = None
    basemap: Path | None = None
    zone: str | None = None
    log_origin: str | None = None
    log_key_file: Path | None = None
    log_key: str | None = None
    log_checkpoint_seconds: float = Field(default=10.0, ge=0)
    log_checkpoint_events: int = Field(default=10_000, ge=1)
    tsa_url: str | None = Field(default=None, pattern=r"^https?://")
    tsa_seconds: float = Field(default=3600.0, gt=0)
    open_reads: bool = False
    limit_reads: Rate = "6000/minute"
    limit_writes: Rate = "1200/minute"
    limit_streams: Rate = "120/minute"
    limit_costly: Rate = "120/minute"
    limit_strangers: Rate = "120/minute"
    trusted_proxies: Networks | None = None
    at_once: int = Field(default=64, ge=1)
    streams: int = Field(default=64, ge=1)
    streams_each: int = Field(default=16, ge=1)
    statement_seconds: float = Field(default=30.0, gt=0)
    write_seconds: float = Field(default=120.0, gt=0)
    cors_origins: Origins | None = None
    embed_origins: Origins | None = None
    hsts: bool = False
    webhook_private: bool = False


def settings() -> Settings:
    """The settings of this process.

    Raises:
        UnusableSettings: an unknown TIMELINE_ variable (with the nearest known one), or an unusable value.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            guess = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
            raise UnusableSettings(f"{name}: unknown setting{guess}")
    try:
        found = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise UnusableSettings(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from None
    _check_zone(found.zone)
    return found


def _check_zone(zone: str | None) -> None:
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnusableSettings(f"{PREFIX}ZONE: {zone!r} is no time zone known here; Asia/Damascus is one") from None

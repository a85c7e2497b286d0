"""Runs the REST service until it is told to stop, with the follower, the builder and the integrator of the tree beside it."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from services.timeline import console, tracing
from services.timeline.api.app import create
from services.timeline.building import Building
from services.timeline.composition import CannotServe, Following, Integrating, Stamping, Timeline
from services.timeline.discreet import discreet
from services.timeline.front_door import FrontDoor
from services.timeline.issuer import on_loopback
from services.timeline.standards.sending import Sending

logger = structlog.get_logger(__name__)


def require_credentials(timeline: Timeline, host: str) -> None:
    """Beyond loopback the service is only served to those who can say who they are.

    Raises:
        CannotServe: the host is not a loopback address, and there is neither a live key nor an issuer of tokens.
    """
    if on_loopback(host) or timeline.tokens is not None:
        return
    timeline.keys.refresh()
    if not timeline.keys.any_live():
        said = "without a key of access the service answers on loopback only"
        how = "make one with `timeline keys add NAME --role admin`, or set TIMELINE_OIDC_ISSUER and TIMELINE_OIDC_AUDIENCE"
        raise CannotServe(f"--host {host}: {said}; {how}")


def serve(
    timeline: Timeline,
    host: str,
    port: int,
    *,
    find_free: bool = False,
    follow: bool = True,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        find_free: Take another port where this one is taken.
        follow: Follow the log (or stand by), build views, keep and sign the tree; else another process has to.
        announce: Told the service's URL once it listens; None says it on standard error.

    Raises:
        CannotServe: the address is taken, or not of this machine.
    """
    listening = _listen(host, port, find_free=find_free)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listening.getsockname()[1]}"
    with listening, tracing.collected(wanted=timeline.settings.traces), ExitStack() as held:
        following = held.enter_context(Following(timeline)) if follow else None
        if following is not None:
            sending = Sending(discreet(timeline).log, following, private=timeline.settings.webhook_private)
            for beside in (Building(timeline.log), Integrating(timeline), Stamping(timeline), sending):
                held.enter_context(beside)
        readers = [timeline.reader, *(one.reader for one in (timeline.replicas.standbys if timeline.replicas else ()))]
        for reader in readers:
            held.enter_context(reader.atlases)
        (announce or partial(_announce, timeline))(url)
        Server(configured(create(timeline, following))).run(sockets=[listening])


def configured(app: FastAPI) -> uvicorn.Config:
    """How an application is served: behind a door that waits for nobody for ever.

    Whose word is taken for who asks is settled by the guard: uvicorn would believe whoever asks from this machine.
    """
    return uvicorn.Config(
        app, http=FrontDoor, ws="none", proxy_headers=False, log_config=None, access_log=False, server_header=False
    )


def _announce(timeline: Timeline, url: str) -> None:
    """Say where the service answers: to people, unless everything is to be JSON."""
    if timeline.settings.log_format == "json":
        logger.info("serving", url=url)
    else:
        console.serving(url)


class Server(uvicorn.Server):
    """Ends the streams of events when it is told to stop: it would wait for them for ever."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        app.state.streams.close()
        await super().shutdown(sockets)


def _listen(host: str, port: int, *, find_free: bool) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)  # before it is announced: who comes at once waits, rather than being refused
    except OSError as error:
        if find_free and port != 0:
            return _listen(host, 0, find_free=False)
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port") from None
    return listening

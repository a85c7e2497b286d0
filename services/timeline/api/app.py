"""The application: routes, problems, the document, health, and HEAD wherever there is GET."""

from importlib.metadata import version

from fastapi import Depends, FastAPI, Request, Response
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.timeline import wire, wire_reference
from services.timeline.api import (
    audit,
    authority,
    bulk,
    changes,
    commands,
    developments,
    documents,
    events,
    evidence,
    locations,
    log,
    operations,
    page,
    page_data,
    preview,
    problems,
    redactions,
    reference,
    rendering,
    replay,
    views,
    whoami,
)
from services.timeline.api.asking import Primary, known_parameters_only
from services.timeline.api.documents import document
from services.timeline.api.guard import Guard
from services.timeline.api.requests import Requests
from services.timeline.budgets import Budgets
from services.timeline.composition import Following, Timeline
from services.timeline.discreet import Protected
from services.timeline.gauges import Gauges
from services.timeline.page.furnishing import furnished
from services.timeline.page.held import Held
from services.timeline.page.histograms import Histograms
from services.timeline.page.packed import Packed
from services.timeline.settings import Settings, listed
from services.timeline.standards import cloud_event_routes, feed_routes, mementos, ogc, webhook_routes
from services.timeline.standards.ogc_extent import Extents
from services.timeline.tailing import Streams

#: What a page of another origin may read of an answer beside its body.
EXPOSED = (
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Timeline-Position",
    "Timeline-Set-Aside",
)

#: Ready while the views are behind the log by no more than so many events.
MAX_LAG = 10_000

DESCRIPTION = """Who controlled a place on that day, what was known about it then, and why we say so.

Every answer takes two times: `at`, the moment in the world, and `known_at`, the moment by which it was known."""


def create(timeline: Timeline, following: Following | None = None) -> FastAPI:
    """The application over an opened timeline; `following` is the thread that keeps its views up, if it has one.

    Raises:
        UnusableSettings: a file that the operator put into the page will not do.
    """
    app = Application(
        title="Timeline",
        version=version("timeline-service"),
        description=DESCRIPTION,
        docs_url=None,  # it would load scripts from another origin
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        dependencies=[Depends(authority.asker), Depends(known_parameters_only)],
        generate_unique_id_function=lambda route: route.name,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # it would tell what people search for: see tracing
    )
    app.state.timeline = timeline
    app.state.following = following
    app.state.packed = Packed()
    app.state.held = Held()
    app.state.histograms = Histograms()
    app.state.furnishing = furnished(timeline.settings)
    app.state.streams = Streams(timeline.log, timeline.settings.streams, timeline.settings.streams_each)
    app.state.extents = Extents()
    app.state.protected = Protected(timeline.log)
    app.state.protected_there = _protected_there(timeline, app.state.protected)
    app.state.budgets = Budgets(timeline.settings)
    timeline.metrics.watch(Gauges(timeline, app.state.streams, following))
    for router in (
        locations.router,
        bulk.router,
        page_data.router,
        whoami.router,
        changes.router,
        replay.router,
        developments.router,
        commands.router,
        events.router,
        preview.router,
        redactions.router,
        reference.router,
        views.router,
        operations.router,
        log.router,
        evidence.router,
        audit.router,
        cloud_event_routes.router,
        feed_routes.router,
        mementos.router,
        ogc.router,
        webhook_routes.router,
    ):
        app.include_router(router)
    _add_health(app)
    page.install(app)
    problems.install(app)
    documents.install(app)
    _open_to_pages(app, timeline.settings)
    return app


def _protected_there(timeline: Timeline, here: Protected) -> dict[str, Protected]:
    """For each standby the sources that are sensitive by its log, or by that of the primary, which knows it sooner."""
    others = timeline.replicas
    if others is None:
        return {}

    def known_here() -> frozenset[str]:
        return here.sources()[1] if others.primary_up else here.known

    return {one.name: Protected(one.log, known_here) for one in others.standbys}


class Application(FastAPI):
    """Ours, with the guard around all of it, and around that what counts: what answers unexpected errors would else stand
    outside.
    """

    def build_middleware_stack(self) -> ASGIApp:
        timeline: Timeline = self.state.timeline
        guarded = Guard(super().build_middleware_stack(), timeline.settings)
        return HeadAsGet(Requests(guarded, timeline.metrics, log_all=timeline.settings.log_requests == "all"))


def _open_to_pages(app: FastAPI, settings: Settings) -> None:
    """Let pages of the origins that the operator names ask from a browser: with a key in a header, never with cookies."""
    origins = listed(settings.cors_origins)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Last-Event-ID"],
            expose_headers=EXPOSED,
            max_age=600,
        )


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz", tags=["Operations"], **document(wire_reference.Health))
    def healthz() -> Response:
        """The process answers."""
        return Response(wire.encode(wire_reference.Health("ok")), media_type=rendering.JSON)

    @app.get("/readyz", tags=["Operations"], **document(wire_reference.Health))
    def readyz(request: Request, opened: Primary) -> Response:
        """The database answers, a follower is at work, and the views are not far behind the log.

        Where the primary is away and a standby answers, reads go on: that is `reading`, and no more can be told.
        """
        others = opened.replicas
        if others is not None and not others.primary_up and others.usable():
            return Response(wire.encode(wire_reference.Health("reading")), media_type=rendering.JSON)
        return _readiness(request.app.state.following, opened)


def _readiness(following: Following | None, opened: Timeline) -> Response:
    head = opened.log.head().position
    found = opened.reader.progress()
    lag, seconds = max(one.lag for one in found), max(one.lag_seconds for one in found)
    aside = max(one.set_aside for one in found)
    if following is not None and not following.alive:
        return problems.problem(503, "Not ready", "the follower is not running", headers={"Retry-After": "5"})
    if lag > MAX_LAG:
        return problems.problem(503, "Not ready", f"views are {lag:,} events behind", headers={"Retry-After": "5"})
    follower = None if following is None else "here" if following.leads else "elsewhere"
    tree, kept = opened.tree.reach().size, opened.tree.covered()
    health = wire_reference.Health("ready", head, lag, seconds, aside, follower, head - tree, head - kept)
    return Response(wire.encode(health), media_type=rendering.JSON)


class HeadAsGet:
    """Answers HEAD as GET without the body, on every route (FastAPI's GET routes refuse it)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
            await send(message)

        await self._app({**scope, "method": "GET", "head": True}, receive, without_body)


def routes(app: FastAPI) -> list[RouteContext]:
    """Every route of the application, those of its routers included."""
    return list(iter_route_contexts(app.routes))

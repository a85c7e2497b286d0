"""Who asks, and whether they may: the one dependency that stands before every route.

Credentials are needed as soon as a key was ever made or an issuer is configured; where the operator opened reading
(`TIMELINE_OPEN_READS`), for all but that. Before that, whoever asks over
loopback is `local` and may everything; so a web page must not be able to ask in their name, and `Host` must be loopback
too (else a name of the page's own, pointed at 127.0.0.1, would do).
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from services.timeline import access, keys
from services.timeline.access import Principal
from services.timeline.api.asking import wants_stream
from services.timeline.budgets import Budget, Budgets, budget_of, neighbourhood, spender
from services.timeline.composition import Timeline
from services.timeline.issuer import IssuerUnreachable, on_loopback
from services.timeline.tokens import BadToken

_CHALLENGE = 'Bearer realm="timeline"'


async def asker(request: Request) -> Principal:
    """Who asks, once it is sure that they may use the route.

    Raises:
        HTTPException: 401 without good credentials, 403 without a role for this route, 503 where a token cannot be judged.
    """
    route: APIRoute = request.scope["route"]
    name = f"{request.method} {route.path_format}"
    if name in access.USING and access.USING[name] is None:
        if name not in UNLIMITED:
            spend(request, access.NOBODY, name)
        return access.NOBODY
    who = await principal(request)
    request.state.principal = who.name
    spend(request, who, name)
    if not access.may_use(who, name):
        if who == access.PUBLIC:
            raise _unauthorised("reading is open to everybody here; this takes a key", known=True)
        needed = access.listed(access.users(name)).replace(", ", " or ")
        said = f"this takes the role {needed}; {who.name} has {access.listed(who.roles)}"
        raise HTTPException(403, said, {"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope"'})
    return who


#: Asked by whoever watches over the service, as often as they like.
UNLIMITED = ("GET /healthz",)


def spend(request: Request, who: Principal, route: str) -> None:
    """Take a request off the budget of whoever asks; what is left is told with the answer.

    Raises:
        HTTPException: 429 where nothing is left.
    """
    request.state.who = who
    request.state.personal = who.known and who != access.LOCAL
    streamed = wants_stream(request, request.query_params.get("f"))
    _take(request, spender(who, address(request)), budget_of(route, streamed=streamed))


def address(request: Request) -> str:
    """From where somebody asks; behind proxies that are trusted, from where they say."""
    return request.client.host if request.client else ""


def _take(request: Request, who: str | None, budget: Budget) -> None:
    if getattr(request.state, "again", False):
        return  # a standby could not answer, which costs whoever asks nothing more
    budgets: Budgets = request.app.state.budgets
    spent = budgets.spend(who, budget) if who is not None else None
    if spent is None:
        return
    request.state.spent = spent
    if not spent.granted:
        said = f"no more than {spent.quota:,} {budget} in {spent.window:,} s; ask again in {spent.seconds:,} s"
        raise HTTPException(429, said)


#: Who asks, for routes that treat people differently or write.
Asker = Annotated[Principal, Depends(asker)]


async def principal(request: Request) -> Principal:
    """Who asks, whatever they ask for.

    Raises:
        HTTPException: 401 without good credentials, 503 where a token cannot be judged.
    """
    timeline: Timeline = request.app.state.timeline
    if not timeline.keys.fresh():
        await run_in_threadpool(timeline.keys.refresh)
    presented = request.headers.getlist("authorization")
    if not presented:
        return _anonymous(request, timeline)
    try:
        return await _presented(timeline, presented)
    except HTTPException as refused:
        if refused.status_code == 401:
            _take(request, neighbourhood(address(request)), "strangers")
        raise


async def _presented(timeline: Timeline, presented: list[str]) -> Principal:
    scheme, _, secret = presented[0].strip().partition(" ")
    if len(presented) > 1 or scheme.lower() != "bearer":
        raise _unauthorised("credentials are sent once, as Authorization: Bearer")
    secret = secret.strip()
    if secret.startswith(keys.PREFIX):
        return await _by_key(timeline, secret)
    return await _by_token(timeline, secret)


def _anonymous(request: Request, timeline: Timeline) -> Principal:
    if timeline.tokens is not None or timeline.keys.any_made():
        if timeline.settings.open_reads:
            return access.PUBLIC
        raise _unauthorised(
            "send Authorization: Bearer with a key (`timeline keys add` makes one) or a token", known=True
        )
    served_on = (request.scope.get("server") or ("",))[0]
    if not (on_loopback(served_on) and on_loopback(_named_host(request))):
        said = "without keys, only who asks at http://127.0.0.1 or http://localhost is answered; `timeline keys add` makes a key"
        raise _unauthorised(said, known=True)
    return access.LOCAL


def _named_host(request: Request) -> str | None:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return None


async def _by_key(timeline: Timeline, secret: str) -> Principal:
    key = timeline.keys.find(secret)
    if key is None and timeline.keys.may_look_again():
        await run_in_threadpool(timeline.keys.refresh, 0)
        key = timeline.keys.find(secret)
    if key is None:
        raise _unauthorised("the key is unknown, has expired, or was revoked")
    if not timeline.keys.used_today(key):
        await run_in_threadpool(timeline.keys.note_use, key)
    return key.principal


async def _by_token(timeline: Timeline, token: str) -> Principal:
    tokens = timeline.tokens
    if tokens is None:
        raise _unauthorised(f"not a key of this service, which begin with {keys.PREFIX}; tokens are not taken here")
    found = tokens.remembered(token)
    if found is not None:
        return found
    try:
        return await run_in_threadpool(tokens.principal, token)
    except BadToken as error:
        raise _unauthorised(f"the token is not taken: {error}") from None
    except IssuerUnreachable as error:
        raise HTTPException(503, f"the token cannot be judged: {error}", {"Retry-After": "5"}) from None


def _unauthorised(said: str, *, known: bool = False) -> HTTPException:
    """401 after RFC 6750, section 3: an error code only where credentials were presented (not `known` to be none)."""
    challenge = _CHALLENGE if known else f'{_CHALLENGE}, error="invalid_token"'
    return HTTPException(401, said, {"WWW-Authenticate": challenge})

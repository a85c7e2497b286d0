"""The headers of every answer: what a browser may do with it, and who may keep it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from services.timeline import access
from services.timeline.api import security
from services.timeline.api.authority import Asker
from services.timeline.composition import Timeline
from tests.acceptance.test_access import NAMES, _opened, bearing, new_key
from tests.acceptance.test_limits import limited


@pytest.fixture(scope="module")
def kept(postgres_18: str) -> Iterator[tuple[httpx2.Client, Timeline, dict[str, str]]]:
    with limited(postgres_18) as found:
        yield found


def every_answer(client: httpx2.Client, headers: dict[str, str]) -> Iterator[tuple[str, httpx2.Response]]:
    """Of each route: as it is, without credentials, with a parameter that it does not know, by a method that it has not."""
    for route in access.USING:
        method, path = route.split()
        filled = path.format_map(NAMES)
        streams = {"Accept": "application/json"}
        for asked, query, more in (
            (method, "", headers), (method, "", {}), (method, "?nonsense=1", headers), ("PATCH", "", headers),
        ):  # fmt: skip
            yield f"{asked} {filled}{query}", client.request(asked, filled + query, headers=streams | more)
    yield "nowhere", client.get("/v1/nowhere", headers=headers)
    yield "too large", client.get("/v1/status", headers={"X-Long": "a" * 40_000})


def test_every_answer_has_them_errors_too(kept: tuple[httpx2.Client, Timeline, dict[str, str]]) -> None:
    """The page has a policy of its own; nobody frames anything, but our own pages what is made for frames."""
    client, _, desk = kept
    seen = set()
    for what, answer in every_answer(client, desk):
        seen.add(answer.status_code)
        for name, value in security.DATA.items():
            if name == "X-Frame-Options" and "/embed" in what and answer.status_code == 200:
                assert name not in answer.headers
                continue
            assert answer.headers.get_list(name), (what, name)
            assert len(answer.headers.get_list(name)) == 1, (what, name)
            if name != "Content-Security-Policy":
                assert answer.headers[name] == value, (what, name)
        policy = answer.headers["Content-Security-Policy"]
        assert ("frame-ancestors 'self'" if name not in answer.headers else "frame-ancestors 'none'") in policy
        assert "unsafe" not in policy
        if " /v1" in what or what == "nowhere":
            assert policy == security.DATA["Content-Security-Policy"], what
        assert answer.headers["Cache-Control"], what
        assert "Strict-Transport-Security" not in answer.headers
        assert "server" not in answer.headers
    assert {200, 401, 404, 405, 422, 431} <= seen


def test_what_a_key_was_answered_is_kept_by_nobody_in_between(
    kept: tuple[httpx2.Client, Timeline, dict[str, str]],
) -> None:
    """`private` or `no-store`, and it varies by who asks."""
    client, _, desk = kept
    for what, answer in every_answer(client, desk):
        if " /v1" in what:
            said = answer.headers["Cache-Control"]
            assert "no-store" in said or "private" in said or answer.status_code in (401, 405, 422), (what, said)
            assert "authorization" in answer.headers["Vary"].lower(), what


def test_an_unexpected_error_has_them_too(postgres_18: str) -> None:
    """It is answered outside of all else."""
    from services.timeline.api.app import create  # noqa: PLC0415

    with _opened(postgres_18) as timeline:
        app = create(timeline)

        @app.get("/v1/broken")
        def broken(who: Asker) -> None:
            raise RuntimeError(who.name)

        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        import asyncio  # noqa: PLC0415

        async def asked() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.get("/v1/broken")

        with ThreadPoolExecutor(1) as thread:  # Playwright leaves a loop running in the thread of the tests
            answer = thread.submit(lambda: asyncio.run(asked())).result()
        assert answer.status_code == 500
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_over_https_browsers_are_told_to_stay_there(postgres_18: str) -> None:
    """As a trusted proxy says that it came, or by the setting; else a word for a name that nobody serves over https."""
    came = {"X-Forwarded-Proto": "https"}
    with limited(postgres_18) as (client, _, _):
        assert "Strict-Transport-Security" not in client.get("/healthz", headers=came).headers
    with limited(postgres_18, trusted_proxies="127.0.0.0/8") as (client, _, _):
        assert "Strict-Transport-Security" in client.get("/healthz", headers=came).headers
        assert "Strict-Transport-Security" not in client.get("/healthz").headers
    with limited(postgres_18, hsts=True) as (client, _, _):
        assert "Strict-Transport-Security" in client.get("/healthz").headers


def test_reading_may_be_opened_to_everybody(postgres_18: str) -> None:
    """By a setting: then who has no key is a reader, and all else takes a key, with a challenge."""
    with limited(postgres_18, open_reads=True) as (client, timeline, _):
        for route in access.USING:
            method, path = route.split()
            answer = client.request(method, path.format_map(NAMES), headers={"Accept": "application/json"})
            may = access.USING[route] in (None, "read")
            assert (answer.status_code not in (401, 403)) is may, (route, answer.status_code)
            if not may:
                assert answer.headers["WWW-Authenticate"] == 'Bearer realm="timeline"'
        assert client.get("/v1/events").json()["events"][0]["recorded_by"] is None
        assert "held" in client.get("/?place=hama").text or "nobody knows" in client.get("/?place=hama").text
        assert "private" not in client.get("/v1/status").headers["Cache-Control"]
        reader = bearing(new_key(timeline, "reader", "reader")[0])
        assert "private" in client.get("/v1/status", headers=reader).headers["Cache-Control"]


def test_what_the_page_tells_takes_a_key_as_all_else_does(
    postgres_18: str, kept: tuple[httpx2.Client, Timeline, dict[str, str]]
) -> None:
    """Its shell asks for one, and says nothing of the log until then."""
    client, _, desk = kept
    bare, told = client.get("/?place=hama"), client.get("/?place=hama", headers=desk)
    assert (bare.status_code, told.status_code) == (200, 200)
    empty = '<h1 class="sentence" id="sentence" aria-live="polite"></h1>'
    assert empty in bare.text
    assert empty not in told.text

"""The JSON shapes of views: where they stand, what is asked for, how they differ, what a verification found."""

from typing import Annotated, Literal

import msgspec

from events.times import Instant, rfc3339
from services.timeline import viewing, wire
from services.timeline.comparing import Difference, Differing, Side
from services.timeline.verifications import Verification
from services.timeline.viewing import Kept, Wanted
from services.timeline.wire import Moment
from services.timeline.wire_changes import BothFacets

#: Of what a verification found to differ, so much is told; its count tells how much there is.
MOST = 1_000

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9._-]{0,62}$", description="Not `diff`.")]


class NewView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A view to build. `until` is a log position, or a moment that stands for the last event recorded by then: the view
    stays there for ever; without it, it follows the log.
    """

    name: Name
    policy: Literal["assessed", "ticker", "strict"] = "assessed"
    clock: Literal["recorded", "reported"] = "recorded"
    exclude_sources: tuple[str, ...] = ()
    only_sources: tuple[str, ...] = ()
    until: int | Instant | None = None

    def wanted(self) -> Wanted:
        return Wanted(**msgspec.structs.asdict(self))


class NewName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name that a view is to take over."""

    as_: Name = msgspec.field(name="as")


class ViewOut(msgspec.Struct, frozen=True, kw_only=True):
    """A view and where it stands, or one that is being built.

    `state` is `ready`, `building` (`progress` runs from 0 to 1; it cannot be read yet) or `stopped` (see `error`).
    `until` is the position at which it is frozen; null where it follows the log. `lag` counts the events that are not
    folded yet, `lag_seconds` is how long ago the oldest of them was recorded. `set_aside` counts what could not be
    folded. `regrading` is the position of a source graded anew whose many developments are being folded in parts; null
    where none is. `rows` counts claim versions, about. `digest` is told where the last verification was made at `position`.
    """

    id: str
    name: str
    state: Literal["ready", "building", "stopped"]
    policy: str
    clock: str
    exclude_sources: tuple[str, ...]
    only_sources: tuple[str, ...]
    position: int
    until: int | None
    lag: int
    lag_seconds: float
    set_aside: int
    regrading: int | None
    progress: float
    error: str | None
    rows: int | None
    bytes: int
    digest: str | None


class ViewPage(msgspec.Struct, frozen=True):
    """The views, and the last position of the log."""

    log_position: int
    views: tuple[ViewOut, ...]


class VerificationOut(msgspec.Struct, frozen=True, kw_only=True):
    """The last verification of a view: `never` asked for, `waiting` (or under way), `done` or `failed` (see `error`).

    `same`: the view was, at `position`, what the log says; else `differing` names what is not, each as
    `claims LOCATION`, `developments LOCATION`, `mentions SOURCE` or `mergers`: the first 1,000 of `differing_count`. `digest` is of the view as it stood.
    """

    view: str
    state: Literal["never", "waiting", "done", "failed"]
    asked_at: Moment | None = None
    finished_at: Moment | None = None
    position: int | None = None
    same: bool | None = None
    digest: str | None = None
    differing: tuple[str, ...] = ()
    differing_count: int = 0
    error: str | None = None


class SideOut(msgspec.Struct, frozen=True, kw_only=True):
    """One of two views, and as known when it is asked."""

    view: str
    policy: str
    clock: str
    exclude_sources: tuple[str, ...]
    only_sources: tuple[str, ...]
    known_at: Moment
    known_position: int


class DifferingOut(msgspec.Struct, frozen=True):
    """A location whose answers differ, in which parts, and why in a sentence; null: it is not registered there."""

    location_id: str
    differs: tuple[str, ...]
    because: str
    a: BothFacets | None
    b: BothFacets | None


class DifferenceOut(msgspec.Struct, frozen=True):
    """Where two views answer otherwise about one moment; `compared` counts the locations."""

    at: Moment
    a: SideOut
    b: SideOut
    compared: int
    differing: tuple[DifferingOut, ...]


def view_out(kept: Kept) -> ViewOut:
    """A view, or a build, as JSON tells it."""
    view, build, found = kept.view, kept.build, kept.progress
    if view is None or found is None:
        assert build is not None
        return ViewOut(
            id=str(build.build_id), name=build.name or "", state="stopped" if build.error else "building",
            **viewing.choices(build.reading), position=0, until=build.until if build.frozen else None, lag=build.until,
            lag_seconds=0.0, set_aside=0, regrading=None, progress=round(build.share, 3), error=build.error, rows=None,
            bytes=kept.size, digest=None,
        )  # fmt: skip
    return ViewOut(
        id=str(view.view_id), name=view.name, state="ready", **viewing.choices(view.reading), position=view.position,
        until=view.until, lag=found.lag, lag_seconds=found.lag_seconds, set_aside=found.set_aside,
        regrading=found.regrading, progress=1.0, error=None, rows=kept.rows, bytes=kept.size,
        digest=kept.digest.hex() if kept.digest else None,
    )  # fmt: skip


def verification_out(view: str, found: Verification | None) -> VerificationOut:
    """A verification as JSON tells it."""
    if found is None:
        return VerificationOut(view=view, state="never")
    done = found.finished_at is not None and found.error is None
    return VerificationOut(
        view=view,
        state="done" if done else "failed" if found.error else "waiting",
        asked_at=rfc3339(found.asked_at),
        finished_at=wire.moment(found.finished_at),
        position=found.position,
        same=not found.differing if done else None,
        digest=found.digest.hex() if found.digest else None,
        differing=tuple((found.differing or ())[:MOST]),
        differing_count=len(found.differing or ()),
        error=found.error,
    )


def difference_out(found: Difference) -> DifferenceOut:
    """A comparison as JSON tells it."""
    differing = tuple(map(_differing_out, found.differing))
    return DifferenceOut(rfc3339(found.at), _side_out(found.a), _side_out(found.b), found.compared, differing)


def _side_out(side: Side) -> SideOut:
    return SideOut(
        view=side.view.name,
        **viewing.choices(side.view.reading),
        known_at=rfc3339(side.known_at),
        known_position=side.known_position,
    )


def _differing_out(one: Differing) -> DifferingOut:
    return DifferingOut(one.location_id, one.differs, one.because, one.a, one.b)

"""Routes about the log as a tree: checkpoints, proofs, receipts, and tiles for other people's programs (C2SP)."""

import base64
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from events import tiles
from events.tiles import MOST_LEAVES, WIDTH, Tile
from services.timeline import wire, wire_tree
from services.timeline.api import rendering
from services.timeline.api.asking import Primary
from services.timeline.api.documents import document, document_text
from services.timeline.asked import CannotAsk
from services.timeline.audit import signing, stored
from services.timeline.audit.tree import NotInTree

router = APIRouter(tags=["Log"])

TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"

Size = Annotated[
    int | None,
    Query(ge=1, le=MOST_LEAVES, description="In the tree of so many events; default: the newest checkpoint's."),
]
TilePath = Annotated[
    str,
    Path(max_length=40, description="The tile's number, as `067`, `x001/x234/067`, or with `.p/8` for a partial one."),
]


@router.get("/v1/log/checkpoint", **document_text(TEXT))
def checkpoint(request: Request, opened: Primary) -> Response:
    """The newest checkpoint: how many events the log has and the root over them, signed (C2SP tlog-checkpoint)."""
    return rendering.answer(request, None, opened.tree.latest().note.encode(), TEXT)


@router.get("/v1/log/keys", **document_text(TEXT, 404))
def keys(request: Request, opened: Primary) -> Response:
    """The log's public keys by its own word, a line each: whoever asks for the first time pins them, and compares later."""
    with opened.log.pool.connection() as connection:
        found = signing.keys_of(opened.settings, stored.reach(connection).log_id, make=False)
    if found is None:
        raise NotInTree("the key that signs this log is not with this service")
    return rendering.answer(request, None, "".join(f"{one}\n" for one in found.public).encode(), TEXT)


@router.get("/v1/log/proofs/inclusion", **document(wire_tree.InclusionProof, 404))
def inclusion(
    request: Request,
    opened: Primary,
    position: Annotated[int, Query(ge=1, le=MOST_LEAVES, description="The event's position in the log.")],
    size: Size = None,
) -> Response:
    """The proof that an event stands where it does in the log of a size (RFC 9162, section 2.1.3)."""
    tree = opened.tree
    asked = size if size is not None else max(position, tree.latest().size)
    found, kept = tree.inclusion(position, asked), tree.checkpoint_over(asked)
    said = wire_tree.InclusionProof(
        position,
        position - 1,
        asked,
        _base64(found.leaf),
        _base64(tree.root(asked)),
        tuple(map(_base64, found.proof)),
        kept.note if kept else None,
    )
    return rendering.answer(request, None, wire.encode(said))


@router.get("/v1/log/proofs/consistency", **document(wire_tree.ConsistencyProof, 404))
def consistency(
    request: Request,
    opened: Primary,
    from_: Annotated[int, Query(alias="from", ge=0, le=MOST_LEAVES, description="The size of the older log.")],
    to: Annotated[
        int | None,
        Query(ge=0, le=MOST_LEAVES, description="The size of the newer one; default: the newest checkpoint's."),
    ] = None,
) -> Response:
    """The proof that the log of one size is the beginning of the log of another (RFC 9162, section 2.1.4)."""
    tree = opened.tree
    newer = to if to is not None else tree.latest().size
    proof = tuple(map(_base64, tree.consistency(from_, newer)))
    said = wire_tree.ConsistencyProof(from_, newer, _base64(tree.root(from_)), _base64(tree.root(newer)), proof)
    return rendering.answer(request, None, wire.encode(said))


@router.get("/v1/log/receipts/{position}", **document_text(TEXT, 404))
def receipt(request: Request, opened: Primary, position: Annotated[int, Path(ge=1, le=MOST_LEAVES)]) -> Response:
    """Everything that proves an event offline, in one file (C2SP tlog-proof): its leaf, the proof, a signed checkpoint.

    The leaf stands in the line `extra`; it names who recorded the event.
    """
    return rendering.answer(request, None, opened.tree.receipt(position).text().encode(), TEXT)


@router.get("/v1/log/tile/entries/{path:path}", **document_text(BYTES, 404, binary=True))
def entries(request: Request, opened: Primary, path: TilePath) -> Response:
    """The leaves below a tile of level 0, each led by its length in two bytes (C2SP tlog-tiles)."""
    number, width = _number(path)
    return rendering.kept(request, opened.tree.entries(number, width), BYTES)


@router.get("/v1/log/tile/{level}/{path:path}", **document_text(BYTES, 404, binary=True))
def tile(
    request: Request,
    opened: Primary,
    level: Annotated[
        int, Path(ge=0, le=63, description="0: hashes of leaves; 1: of full tiles of level 0; and so on.")
    ],
    path: TilePath,
) -> Response:
    """A tile of the tree: up to 256 hashes of 32 bytes, side by side (C2SP tlog-tiles)."""
    number, width = _number(path)
    return rendering.kept(request, opened.tree.tile(Tile(level, number), width), BYTES)


def _number(path: str) -> tuple[int, int]:
    try:
        number, width = tiles.read_path(path)
    except ValueError as error:
        raise CannotAsk("path", path, str(error)) from None
    return number, width or WIDTH


def _base64(hash_: bytes) -> str:
    return base64.b64encode(hash_).decode()

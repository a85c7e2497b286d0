"""An evidence bundle opened: its archive of the one shape, its files those of the manifest, and no others (pure but for reading)."""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import IO, Any, Final, TypeVar

import msgspec

from services.timeline.audit import container, contents
from services.timeline.audit.container import Member

T = TypeVar("T")

#: A file that is read as a whole has no more bytes than this; captured files are summed up piece by piece.
MOST_AT_ONCE: Final = 64 << 20

#: What reading hostile bytes may raise: wrong bytes, missing names, numbers and nesting beyond bounds.
UNREADABLE: Final = (
    ValueError,
    LookupError,
    TypeError,
    AssertionError,
    OverflowError,
    RecursionError,
    msgspec.MsgspecError,
)


class Refused(ValueError):
    """A bundle that does not prove what it should; one line for people, with the file that it is about."""


@contextlib.contextmanager
def about(what: str) -> Iterator[None]:
    """Whatever is wrong inside is told as a refusal that says what it is about."""
    try:
        yield
    except Refused:
        raise
    except UNREADABLE as error:
        raise Refused(f"{what}: {str(error).strip() or type(error).__name__}") from None


class Opened:
    """The files of a bundle, each with its sum.

    Attributes:
        sums: The SHA-256 of each file in the manifest, in hexadecimal.
        manifest: The SHA-256 of the manifest itself.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """
        Raises:
            Refused: it is no archive of the one shape, or its files are not those of its manifest.
        """
        self._stream = stream
        with about("the archive is not as a bundle is made"):
            self._members = {one.name: one for one in container.read(stream)}
        self._known_names()
        raw = self.bytes(contents.MANIFEST)
        self.manifest = hashlib.sha256(raw).hexdigest()
        with about(contents.MANIFEST):
            self.sums = contents.read_manifest(raw)
        self._as_listed()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def bytes(self, name: str) -> bytes:
        """A whole file.

        Raises:
            Refused: it is missing, too large, or damaged.
        """
        member = self._member(name)
        if member.size > MOST_AT_ONCE:
            raise Refused(f"{name} has more than {MOST_AT_ONCE:,} bytes")
        with about("the archive"):
            return b"".join(container.chunks(self._stream, member))

    def text(self, name: str) -> str:
        """A whole file as text."""
        with about(name):
            return self.bytes(name).decode("utf-8")

    def json(self, name: str, shape: type[T]) -> T:
        """A file as JSON of a shape; there is one way alone to write it.

        Raises:
            Refused: it is of another shape, or written otherwise.
        """
        raw = self.bytes(name)
        with about(name):
            found: Any = msgspec.json.decode(raw, type=shape)
            if contents.written(found) != raw:
                raise ValueError("not written as a bundle has it")
        return found  # type: ignore[no-any-return]

    def events(self) -> Iterator[tuple[int, frozenset[str]]]:
        """Each position that has files, ascending, with the names of these."""
        found: dict[int, set[str]] = {}
        for name in self._members:
            match = contents.OF_EVENTS.fullmatch(name)
            if match is not None:
                found.setdefault(int(match[1]), set()).add(match[2])
        for position in sorted(found):
            yield position, frozenset(found[position])

    def captured(self) -> frozenset[str]:
        """The captured files, by the SHA-256 that they are named by."""
        matches = (contents.CAPTURED.fullmatch(name) for name in self._members)
        return frozenset(match[1] for match in matches if match is not None)

    def _member(self, name: str) -> Member:
        if name not in self._members:
            raise Refused(f"{name} is missing")
        return self._members[name]

    def _known_names(self) -> None:
        for name in self._members:
            known = name in contents.ALWAYS or name in contents.SOMETIMES
            if not known and not contents.OF_EVENTS.fullmatch(name) and not contents.CAPTURED.fullmatch(name):
                raise Refused(f"{name} is no file of a bundle")
        for name in sorted(contents.ALWAYS):
            self._member(name)

    def _as_listed(self) -> None:
        held = self._members.keys() - {contents.MANIFEST, contents.POSITIONS}
        for name in sorted(self.sums.keys() - held):
            raise Refused(f"{name} is in the manifest, and missing")
        for name in sorted(held - self.sums.keys()):
            raise Refused(f"{name} is not in the manifest")
        for name in sorted(held):
            sum_ = hashlib.sha256()
            with about("the archive"):
                for piece in container.chunks(self._stream, self._members[name]):
                    sum_.update(piece)
            if sum_.hexdigest() != self.sums[name]:
                raise Refused(f"{name} is not the file of the manifest: its SHA-256 is {sum_.hexdigest()}")

"""Lists of developments as feeds, for readers of news: JSON Feed 1.1 and Atom (RFC 4287), from the same entries (pure)."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree as ET

import msgspec

from services.timeline.wire import Moment
from services.timeline.wire_developments import DevelopmentOut

JSON_FEED: Final = "application/feed+json"
ATOM: Final = "application/atom+xml"

_ATOM: Final = "http://www.w3.org/2005/Atom"

#: What XML 1.0 has no way to write, not even escaped.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Author(msgspec.Struct, frozen=True):
    """Who said it."""

    name: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A development; `_timeline` is the same as in `/v1/developments`."""

    id: str
    url: str
    external_url: str
    title: str
    content_text: str
    date_published: Moment
    date_modified: Moment
    authors: tuple[Author, ...]
    tags: tuple[str, ...]
    timeline: DevelopmentOut = msgspec.field(name="_timeline")


class JsonFeed(msgspec.Struct, frozen=True, kw_only=True):
    """JSON Feed, version 1.1 (jsonfeed.org/version/1.1)."""

    version: str = "https://jsonfeed.org/version/1.1"
    title: str
    home_page_url: str
    feed_url: str
    description: str
    next_url: str | msgspec.UnsetType = msgspec.UNSET
    items: tuple[Item, ...]


class Entry(NamedTuple):
    """A development, when anything of it was recorded last, and the names of its place and sources as whoever asks may know."""

    development: DevelopmentOut
    updated: str
    place: str
    sources: tuple[str, ...]


def item(entry: Entry, base: str) -> Item:
    """An entry as an item: its title is its summary, its text how far it is to be believed."""
    one = entry.development
    return Item(
        id=f"urn:uuid:{one.development_id}",
        url=f"{base}/?place={quote(one.location_id)}",
        external_url=f"{base}/v1/developments/{one.development_id}",
        title=one.summary or f"{_words(one.kind)}: {entry.place}",
        content_text=_told(entry),
        date_published=one.published_at,
        date_modified=entry.updated,
        authors=tuple(map(Author, entry.sources)),
        tags=tuple(dict.fromkeys((one.kind, one.standing, *one.tags))),
        timeline=one,
    )


def _told(entry: Entry) -> str:
    one = entry.development
    said = [
        f"{_words(one.kind).capitalize()} at {entry.place}, between {one.occurred.start} and {one.occurred.end}.",
        f"Standing: {one.standing}, by {one.reports} reports and {one.denials} denials.",
    ]
    if one.merged_into is not None:
        said.append(f"Merged into {one.merged_into}.")
    return " ".join(said)


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def atom(feed: JsonFeed, updated: str) -> bytes:
    """The same feed as Atom; `updated` is when anything in it changed last."""
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    _text(root, "id", feed.feed_url)
    _text(root, "title", feed.title)
    _text(root, "subtitle", feed.description)
    _text(root, "updated", updated)
    _text(root, "generator", "Timeline")
    _link(root, "self", feed.feed_url, ATOM)
    _link(root, "alternate", feed.home_page_url, "text/html")
    if feed.next_url is not msgspec.UNSET:
        _link(root, "next", feed.next_url, ATOM)
    for one in feed.items:
        _entry(root, one)
    told: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + told


def _entry(root: ET.Element, one: Item) -> None:
    entry = ET.SubElement(root, f"{{{_ATOM}}}entry")
    _text(entry, "id", one.id)
    _text(entry, "title", one.title)
    _text(entry, "updated", one.date_modified)
    _text(entry, "published", one.date_published)
    _link(entry, "alternate", one.url, "text/html")
    _link(entry, "related", one.external_url, "application/json")
    authors: Sequence[Author] = one.authors or (Author("unknown"),)
    for author in authors:
        _text(ET.SubElement(entry, f"{{{_ATOM}}}author"), "name", author.name)
    for tag in one.tags:
        ET.SubElement(entry, f"{{{_ATOM}}}category", {"term": _writable(tag)})
    _text(entry, "content", one.content_text, type="text")


def _text(parent: ET.Element, name: str, text: str, **attributes: Any) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes).text = _writable(text)


def _link(parent: ET.Element, rel: str, href: str, media_type: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}link", {"rel": rel, "href": _writable(href), "type": media_type})


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)

"""The exhibit of an evidence bundle: the same content as a page that people read and print (pure).

One file without script, pictures or addresses to load; a policy in its head forbids them to the browser. Every text that
somebody said is escaped and kept from turning the direction of what stands beside it. What is proved and what is only
attested is told on the first page.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

import msgspec

from events.merkle import leaf_hash
from events.times import rfc3339
from services.timeline import wire
from services.timeline.audit import contents, stamps
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.contents import EvidenceTold, Question
from services.timeline.audit.exhibit_page import facts, page, said, section, table
from services.timeline.audit.gathering import Whole
from services.timeline.audit.glossary import GLOSSARY
from services.timeline.audit.notes import PublicKey
from services.timeline.audit.what_is_proved import ATTESTED, NEITHER, PROVED
from services.timeline.wire_custody import CustodyTold


class Told(NamedTuple):
    """Everything that the exhibit tells."""

    question: Question
    explanation: wire.Explanation
    events: tuple[Whole, ...]
    note: str
    checkpoint: Checkpoint
    keys: tuple[PublicKey, ...]
    evidence: tuple[EvidenceTold, ...]
    custody: CustodyTold
    stamp: bytes | None


def exhibit(told: Told) -> str:
    """The page."""
    question, name = told.question, told.explanation.name
    title = f"{name}: who held it, what was known, and why"
    sections = (
        _answer(told),
        _what_is_proved(),
        _claims(told.explanation.claims),
        _events(told.events),
        _evidence(told.evidence),
        _policy(told),
        _custody(told.custody),
        _log(told),
        section(
            "Glossary", table(("word", "meaning"), ((escape(word), escape(meaning)) for word, meaning in GLOSSARY))
        ),
    )
    foot = f"{question.location_id} at {question.at}, as known at {question.known_at}; {told.checkpoint.origin}"
    return page(title, foot, sections)


def _answer(told: Told) -> str:
    question = told.question
    rows = [
        ("place", f"{said(told.explanation.name)} ({escape(question.location_id)})"),
        ("at", f"{escape(question.at)} &mdash; the moment in the world"),
        ("as known at", f"{escape(question.known_at)} &mdash; nothing learned later counts"),
        ("the log up to", f"position {question.known_position:,}"),
        ("view", f"{said(question.view)} ({escape(question.view_id)}), clock {escape(question.clock)}"),
        ("policy", escape(question.policy)),
        ("sources left out", escape(", ".join(question.exclude_sources)) or "none"),
        ("sources heard", escape(", ".join(question.only_sources)) or "all"),
        ("made", f"{escape(question.made_at)} by {said(question.made_by)}, {escape(question.program)}"),
    ]
    facets = [("control", told.explanation.control), ("access", told.explanation.access)]
    status = table(
        ("facet", "mode", "holders", "challengers", "standing", "since", "this answer holds from", "until"),
        (_facet(name, one) for name, one in facets if one is not None),
    )
    pending = [(name, group) for name, one in facets if one is not None for group in one.pending]
    also = table(
        ("also claimed, and pending", "holders", "challengers", "standing", "since", "claims"),
        ((escape(f"{name}: {one.mode}"), _ids(one.holders), _ids(one.challengers), escape(one.standing), escape(one.since),
          str(one.count)) for name, one in pending),
    )  # fmt: skip
    return section("The answer", f"<p class=answer>{said(told.explanation.sentence)}</p>", facts(rows), status, also)


def _facet(name: str, one: wire.FacetStatus) -> Sequence[str]:
    last = (escape(one.since or ""), escape(one.valid_from or "ever"), escape(one.valid_until or "further notice"))
    return name, escape(one.mode), _ids(one.holders), _ids(one.challengers), escape(one.standing or ""), *last


def _what_is_proved() -> str:
    def points(title: str, lines: Iterable[str]) -> str:
        return f"<h3>{title}</h3><ul>{''.join(f'<li>{escape(one)}</li>' for one in lines)}</ul>"

    return section(
        "What is proved, and what is attested",
        points("Proved, by the files of this bundle alone", PROVED),
        points("Attested, by the service's key", ATTESTED),
        points("Neither", NEITHER),
    )


def _claims(claims: Sequence[wire.ConsideredClaim]) -> str:
    parts = [
        "<p>Every claim about the place itself that was known, in the order of claims, with the rule that decided it.</p>"
    ]
    for number, one in enumerate(claims, start=1):
        statements = table(
            ("position", "published", "said by", "weight"),
            (
                (str(each.position), escape(each.published_at), _ids(each.chain), said(each.words))
                for each in one.statements
            ),
        )
        parts.append(
            f"<article><h3>{number}. {escape(one.facet)}: {escape(one.part)} ({escape(one.standing)})</h3>"
            f"<p>{said(one.summary) if one.summary else '<i>no summary, or redacted</i>'}</p><p>{said(one.words)}</p>"
            f"<p class=small>development {escape(one.development_id)}, {escape(one.kind)}; takes effect "
            f"{escape(one.takes_effect)}; published {escape(one.published_at)}</p>{statements}</article>"
        )
    return section("The claims considered", *parts)


def _events(events: Sequence[Whole]) -> str:
    parts = ["<p>Every event that bears on the answer, and each redaction of one, in the order of the log.</p>"]
    for one in events:
        recorded = one.recorded
        text = msgspec.json.decode(one.form.text) if one.form.text is not None else None
        words = "".join(f"<dt>{escape(name)}</dt><dd>{said(value)}</dd>" for name, value in _words(text))
        if one.without_text:
            words = f"<dt>text</dt><dd class=gone>{'withheld' if recorded.withheld else 'redacted'}</dd>"
        structure = msgspec.json.decode(one.form.structure)["event"]
        parts.append(
            f"<article><h3>{recorded.position:,}. {escape(one.form.name)}</h3>"
            f"<dl><dt>recorded</dt><dd>{escape(rfc3339(recorded.recorded_at))} by {said(recorded.recorded_by)}</dd>{words}"
            f"<dt>structure</dt><dd><code>{escape(msgspec.json.encode(structure).decode())}</code></dd>"
            f"<dt>leaf hash</dt><dd><code>{leaf_hash(one.leaf).hex()}</code></dd></dl></article>"
        )
    return section(f"The events ({len(events):,})", *parts)


def _words(text: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """The text of an event, each word of it with where it stands."""
    if isinstance(text, dict):
        for name, value in text.items():
            yield from _words(value, f"{path}.{name}" if path else name)
    elif isinstance(text, list):
        for number, value in enumerate(text):
            yield from _words(value, f"{path}[{number}]")
    elif text is not None:
        yield path, str(text)


def _evidence(told: Sequence[EvidenceTold]) -> str:
    if not told:
        return section("Captured files", "<p>No event of these names a captured file by its SHA-256.</p>")
    rows = (
        (f"<code>{one.sha256}</code>", escape(one.kind), ", ".join(map(str, one.positions)),
         "in this bundle" if one.attached else "<b>missing</b>") for one in told
    )  # fmt: skip
    return section("Captured files", table(("SHA-256", "kind", "named at positions", "file"), rows))


def _policy(told: Told) -> str:
    policy = contents.policy_told(told.question.reading().policy)
    rows = [(name, escape(", ".join(getattr(policy, name)) or "none")) for name in ("accepted", "pending", "ignored")]
    return section(f"The policy {policy.name}, version {policy.version}", f"<p>{escape(policy.words)}</p>", facts(rows))


def _custody(told: CustodyTold) -> str:
    rows = (
        (str(one.number), escape(one.at), said(one.by), escape(one.what), f"<code>{escape(one.sha256 or '')}</code>")
        for one in told.entries
    )
    last = f"<p class=small>The record had {told.last_number:,} entries; its last link is <code>{told.last_link}</code>.</p>"
    earlier = "<p>What was handed out before this bundle and concerns it.</p>"
    return section("Custody", earlier, table(("entry", "at", "by", "what", "SHA-256"), rows), last)


def _log(told: Told) -> str:
    rows = [
        ("log", said(told.checkpoint.origin)),
        ("events", f"{told.checkpoint.size:,}"),
        ("root", f"<code>{told.checkpoint.root.hex()}</code>"),
        *((f"key {one.key_id.hex()}", f"fingerprint <code>{one.fingerprint}</code>") for one in told.keys),
        ("time stamp", _stamp(told)),
    ]
    note = f"<pre>{escape(told.note)}</pre>"
    how = "<p>How it is checked, also by hand and with other people's programs, stands in README.txt beside this page.</p>"
    return section("The log and its checkpoint", facts(rows), note, how)


def _stamp(told: Told) -> str:
    if told.stamp is None:
        return "none"
    moment = stamps.stamped_at(told.stamp, told.note.encode())
    return f"{escape(rfc3339(moment))}, by the word of an authority; README.txt says how to check it"


def _ids(ids: Sequence[str]) -> str:
    return escape(", ".join(ids))

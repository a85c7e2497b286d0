"""Evidence bundles: what is in one, that it folds to what the service answers, and that nobody changes it unnoticed."""

import dataclasses
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

import pytest

from events import merkle
from events.redaction import EventRedacted
from events.times import rfc3339
from projections import setting_aside, views
from projections.bearing import folded_again
from projections.claims import from_micros
from projections.stored_bearing import stored_bearing
from services.timeline import console, wire
from services.timeline.audit import bundling, container, contents, custody, offline
from services.timeline.audit.bundling import CannotBundle
from services.timeline.audit.checkpoints import Checkpoint, Receipt
from services.timeline.audit.notes import Note, PrivateKey, signed
from services.timeline.audit.opened import Refused
from services.timeline.audit.positions import Considered
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.tree import NotInTree, NotYetInTree
from services.timeline.reader import NotRegistered
from tests.integration.bundles import (
    Files,
    listed,
    made,
    packed,
    signed_by,
    taken_over,
    unpacked,
    verdict,
    without,
)
from tests.integration.test_bearing import VIEWS
from tests.integration.trees import Kept, kept_tree, told
from tests.stories import when
from tests.told_histories import ARRIVALS, MOMENTS_VALID, as_posted
from tests.told_histories import told as random_history

ROOT = Path(__file__).parents[2]

FOOTAGE, PHOTO = b"footage of the square", b"a photo that nobody has any more"

#: The evening of the false report: the classic of the demo.
EVENING: dict[str, Any] = {"at": when("12-02T12:00"), "known_at": when("12-02T18:00")}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


#: A report with two captured files, and text that would act on whoever shows it.
HOSTILE = "</style><script>alert(1)</script> \"&amp;' \u2067اَلسَّلَامُ\u2069 <img src=x onerror=alert(1)>"
SHOWN: dict[str, Any] = {
    "type": "DevelopmentReported",
    "development_id": "0b5f0c1e-7d0a-4f0e-9a51-0c8d6a8f2f11",
    "kind": "held",
    "location_id": "sy-hama",
    "occurred": {"start": "2024-12-01T06:00:00Z", "end": "2024-12-01T12:00:00Z", "precision": "hour"},
    "participants": [{"actor_id": "saa", "role": "holder"}],
    "summary": HOSTILE,
    "report": {
        "chain": ["sana"],
        "published_at": "2024-12-01T13:00:00Z",
        "credibility": 3,
        "evidence": [
            {"kind": "footage", "url": "https://example.org/<b>", "sha256": sha256(FOOTAGE)},
            {"kind": "photo", "sha256": sha256(PHOTO)},
        ],
    },
}


@pytest.fixture(scope="module")
def kept(postgres_18: str) -> Iterator[Kept]:
    """The demo, a report with evidence, and a few events that bear on nothing; a checkpoint after each part."""
    with kept_tree(postgres_18) as kept:
        told(kept, 3)
        kept.grow([json.dumps(SHOWN).encode()])
        console.follow(kept.timeline)
        yield kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captured files: one that is named, twice, one that is not, and a link that leads away."""
    folder = tmp_path_factory.mktemp("captured")
    (folder / "sub").mkdir()
    (folder / "sub" / "square.mp4").write_bytes(FOOTAGE)
    (folder / "copy.mp4").write_bytes(FOOTAGE)
    (folder / "cat.jpg").write_bytes(b"a cat")
    (folder / "link").symlink_to("/etc/passwd")
    return folder


@pytest.fixture(scope="module")
def hama(kept: Kept, folder: Path) -> bytes:
    """The bundle of the evening of the false report."""
    return made(kept.timeline, "sy-hama", "published", captured=folder, **EVENING)


@pytest.fixture(scope="module")
def files(hama: bytes) -> Files:
    return unpacked(hama)


def refused(files: Files, *known: Any, held: tuple[str, ...] = ()) -> str:
    """Why the verifier refuses some files."""
    with pytest.raises(Refused) as caught:
        verdict(packed(files), known, held)
    reason = str(caught.value)
    assert reason
    assert "\n" not in reason
    return reason


def test_a_bundle_tells_what_the_service_answered_and_who_signed_it(kept: Kept, hama: bytes) -> None:
    """Unknown without a key, known with it."""
    with kept.timeline.reader.asking("published", **EVENING) as asked:
        answered = kept.timeline.reader.status(asked, "sy-hama")
    [key] = kept.known()
    found = verdict(hama, [key])
    assert found.words == f"intact, signed by {key.name} ({key.key_id.hex()})"
    assert found.status.control == wire.facet_status(answered.control)
    assert (found.status.control.holders, found.status.control.standing) == (("saa",), "corroborated")
    assert [one.holders for one in found.status.control.pending] == [("hts",)]
    assert (found.attached, found.missing, found.redacted, found.stamped_at) == (1, 1, (), None)
    assert verdict(hama).words == f"intact, signer unknown: {key.fingerprint}"
    assert key.fingerprint == sha256(f"{key}\n".encode())


def test_every_file_can_be_checked_by_hand(hama: bytes, tmp_path: Path) -> None:
    """`unzip` and `sha256sum` are all that it takes for files, leaves and texts."""
    (tmp_path / "b.zip").write_bytes(hama)
    subprocess.run([sys.executable, "-m", "zipfile", "-e", "b.zip", "out"], cwd=tmp_path, check=True)
    out = tmp_path / "out"
    checked = subprocess.run(["sha256sum", "-c", "MANIFEST"], cwd=out, capture_output=True, text=True, check=True)
    assert len(checked.stdout.splitlines()) == len(list(filter(Path.is_file, out.rglob("*")))) - 2
    assert f"manifest {sha256((out / 'MANIFEST').read_bytes())}\n" in (out / "positions.note").read_text()
    texts = 0
    for event in (out / "events").iterdir():
        leaf = json.loads((event / "leaf.json").read_bytes())
        assert leaf["position"] == int(event.name)
        if (event / "text.json").exists():
            said = (event / "text.salt").read_bytes() + (event / "text.json").read_bytes()
            assert leaf["structure"]["text_sha256"] == sha256(said)
            texts += 1
    assert texts > 10


def test_receipts_are_those_that_anybody_verifies(kept: Kept, files: Files) -> None:
    """With the log's key and the leaf, as C2SP tlog-proof has it."""
    receipts = [name for name in files if name.endswith(contents.RECEIPT)]
    assert len(receipts) > 20
    for name in receipts:
        leaf = files[name.replace(contents.RECEIPT, contents.LEAF)]
        assert Receipt.read(files[name].decode()).verify(leaf, kept.known()) == kept.known()


def test_the_list_of_positions_can_never_be_taken_for_a_checkpoint(files: Files) -> None:
    """Its first line is no name of a log, and its second no number; nor is a checkpoint taken for a list."""
    note = Note.read(files[contents.POSITIONS].decode())
    with pytest.raises(ValueError, match="no checkpoint"):
        Checkpoint.read(note.text)
    assert " " in note.text.split("\n")[0]
    with pytest.raises(ValueError, match="does not begin with"):
        Considered.read(Note.read(files[contents.CHECKPOINT].decode()).text)


def test_the_same_question_gives_the_same_bytes_but_for_what_was_handed_out_since(kept: Kept, folder: Path) -> None:
    """Custody grows by the bundle before; all else of two bundles is equal, byte by byte."""
    first, second = (unpacked(made(kept.timeline, "sy-hama", "published", captured=folder, **EVENING)) for _ in "12")
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} == {
        contents.CUSTODY, contents.EXHIBIT, contents.MANIFEST, contents.POSITIONS,
    }  # fmt: skip
    assert packed(first) == packed(dict(reversed(first.items())))


def test_custody_tells_of_the_bundles_before(kept: Kept, folder: Path) -> None:
    """With the sum of each, so that one can be told from another."""
    before = made(kept.timeline, "sy-hama", "published", captured=folder, **EVENING)
    after = unpacked(made(kept.timeline, "sy-hama", "published", captured=folder, **EVENING))
    said = json.loads(after[contents.CUSTODY])
    last = said["entries"][-1]
    assert (last["by"], last["what"], last["location_id"], last["sha256"]) == (
        "local",
        "bundle",
        "sy-hama",
        sha256(before),
    )
    with kept.connection() as connection:
        entries = list(custody.every(connection))
    assert entries[said["last_number"] - 1].link == said["last_link"]
    assert custody.broken(entries) is None


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_random_histories_fold_to_what_the_service_answers_through_the_bundle(postgres_18: str, arrival: str) -> None:
    """No false alarm over more than a hundred honest bundles: both clocks, any policy and choice of sources, any moments."""
    pick, honest, with_basis = Random(f"bundle {arrival}"), 0, 0
    with kept_tree(postgres_18) as kept:
        timeline = kept.timeline
        with kept.connection() as connection, connection.transaction():
            for name, reading in VIEWS.items():
                views.define(connection, name, reading)
        kept.grow(as_posted(random_history(pick, arrival, developments=25)))
        console.follow(timeline)
        whole = timeline.log.read(0, limit=10_000)
        for name in (*views.ALWAYS, *VIEWS):
            for _ in range(8):
                with timeline.reader.asking(name) as asked:
                    reading = asked.view.reading
                position = pick.randrange(20, len(whole))
                by: dict[str, Any] = {"known_position": position}
                if reading.clock == "reported":
                    version = pick.choice(folded_again(whole, reading))
                    by = {"known_at": from_micros(version.known_from), "known_position": pick.choice([None, position])}
                place, at = pick.choice(("hama", "homs", "crossing")), pick.choice(MOMENTS_VALID)
                found = verdict(made(timeline, place, name, at=at, **by), kept.known())
                with timeline.reader.asking(name, at=at, **by) as asked:
                    answered = timeline.reader.status(asked, place)
                assert found.status.control == wire.facet_status(answered.control)
                assert found.status.access == (answered.access and wire.facet_status(answered.access))
                assert found.known
                honest += 1
                with_basis += found.status.control.basis is not None
    assert honest == 40
    assert with_basis > 10


def test_any_bit_that_is_flipped_is_noticed(hama: bytes) -> None:
    """In each file, in its header, and anywhere: refused, with the reason."""
    random = Random(7)
    members = container.read(io.BytesIO(hama))
    bits = [one.start * 8 + random.randrange(one.size * 8) for one in members for _ in range(2) if one.size]
    bits += [(one.start - random.randrange(1, 30 + len(one.name))) * 8 + random.randrange(8) for one in members]
    bits += [random.randrange(len(hama) * 8) for _ in range(300)]
    for bit in bits:
        spoilt = bytearray(hama)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Refused):
            verdict(bytes(spoilt))


def test_any_bit_that_is_flipped_below_an_honest_manifest_is_noticed(kept: Kept, files: Files) -> None:
    """The sums were made anew, but nobody can sign them; nor can who signs with a key of their own."""
    random = Random(8)
    other = PrivateKey.generate(kept.keys.origin)
    for name in sorted(files):
        if name in (contents.POSITIONS, contents.MANIFEST) or not files[name]:
            continue
        spoilt = bytearray(files[name])
        spoilt[random.randrange(len(spoilt))] ^= 1 << random.randrange(8)
        changed = listed(files | {name: bytes(spoilt)})
        assert refused(changed)
        assert refused(signed_by(files | {name: bytes(spoilt)}, other), *kept.known())


def test_cut_anywhere_it_is_refused(hama: bytes) -> None:
    """And with anything before or after it."""
    random = Random(9)
    for length in [0, 1, 22, len(hama) - 1, *(random.randrange(len(hama)) for _ in range(50))]:
        with pytest.raises(Refused, match=r"the archive is not as a bundle is made|is missing"):
            verdict(hama[:length])
    for more in (b"#!/bin/sh\n" + hama, hama + b"\0", hama + hama):
        with pytest.raises(Refused, match="the archive is not as a bundle is made"):
            verdict(more)


def test_files_exchanged_between_two_bundles_are_noticed(kept: Kept, files: Files) -> None:
    """Each file of another honest bundle of the same log in place of ours, with the manifest as it was and made anew."""
    later = unpacked(made(kept.timeline, "sy-hama", "published", at=when("12-06T12:00"), known_at=when("12-06T18:00")))
    exchanged = 0
    for name in sorted(files.keys() & later.keys()):
        if files[name] != later[name]:
            refused(files | {name: later[name]})
            if name != contents.MANIFEST:  # which would be listed anew
                refused(listed(files | {name: later[name]}))
            exchanged += 1
    assert exchanged >= 6
    for name in sorted(later.keys() - files.keys()):
        refused(files | {name: later[name]})
    for name in sorted(files.keys() - later.keys()):
        refused({one: data for one, data in files.items() if one != name})


def test_a_changed_status_is_not_what_the_events_give(kept: Kept, files: Files) -> None:
    """Also where somebody signs it throughout with a key of their own."""
    told = files[contents.STATUS].replace(b'"saa"', b'"hts"', 1)
    changed = files | {contents.STATUS: told}
    assert "status.json is not the file of the manifest" in refused(changed)
    assert "MANIFEST is not the one that was signed" in refused(listed(changed))
    reason = refused(taken_over(changed, PrivateKey.generate(kept.keys.origin)))
    assert reason == "status.json is not what the events give, which is: held by saa (corroborated)"


def test_an_event_left_out_takes_another_key(kept: Kept, files: Files) -> None:
    """Inclusion is not completeness: without the log's key, or a checkpoint of it, only the fingerprint tells."""
    other = PrivateKey.generate(kept.keys.origin)
    positions = list(Considered.read(Note.read(files[contents.POSITIONS].decode()).text).positions)
    last = positions[-1]
    fewer = without(files, last)
    assert f"events/{last:012}" in refused(fewer)
    assert "MANIFEST is not the one that was signed" in refused(listed(fewer))
    assert "no key of the bundle has signed both" in refused(signed_by(fewer, other, positions=positions[:-1]))
    both = fewer | {contents.KEYS: files[contents.KEYS] + f"{other.public}\n".encode()}
    assert "no key of the bundle has signed both" in refused(signed_by(both, other, positions=positions[:-1]))

    # An event on which the status does not hang: a registration of a place above.
    unneeded = next(
        one for one in positions if b'"location-registered/1"' in files[contents.of_event(one, contents.LEAF)]
        and b'"location_id":"sy-hama"' not in files[contents.of_event(one, contents.LEAF)]
    )  # fmt: skip
    rest = [one for one in positions if one != unneeded]
    forged = taken_over(without(files, unneeded), other, rest)
    found = verdict(packed(forged))
    assert found.words == f"intact, signer unknown: {other.public.fingerprint}"
    assert "signed by no key that is known here" in refused(forged, *kept.known())
    note = files[contents.CHECKPOINT].decode()
    assert "not signed by whoever signed the bundle's list of positions" in refused(forged, held=(note,))


def test_an_event_that_does_not_bear_on_the_place_is_not_smuggled_in(kept: Kept, files: Files) -> None:
    """Somebody else's whole signature would not help: what is listed must bear on the answer."""
    other = PrivateKey.generate(kept.keys.origin)
    later = unpacked(made(kept.timeline, "sy-damascus", "published", **EVENING))
    strange = next(name for name in sorted(later) if name.endswith(contents.LEAF) and name not in files)
    position = int(strange.split("/")[1])
    more = files | {name: data for name, data in later.items() if f"/{position:012}/" in name}
    before = Considered.read(Note.read(files[contents.POSITIONS].decode()).text).positions
    reason = refused(taken_over(more, other, sorted([*before, position])))
    assert reason == f"position {position:,} is in the list of positions, and does not bear on the place"
    assert "is not in the list of positions" in refused(taken_over(more, other))


def test_a_proof_to_another_checkpoint_is_refused(kept: Kept, files: Files) -> None:
    """Receipts under an earlier checkpoint of the same log; and the checkpoint exchanged for it."""
    with kept.connection() as connection:
        notes = [row[0] for row in connection.execute("SELECT note FROM log_checkpoint ORDER BY size")]
    first = next(name for name in files if name.endswith(contents.RECEIPT))
    head, _, _ = files[first].decode().partition("\n\n")
    other = PrivateKey.generate(kept.keys.origin)
    changed = files | {first: f"{head}\n\n{notes[1]}".encode()}
    assert "not the one that was signed" in refused(listed(changed))
    theirs = taken_over(files, other)
    assert "under another checkpoint than the bundle's" in refused(signed_by(theirs | {first: changed[first]}, other))
    assert "it is of another checkpoint" in refused(listed(files | {contents.CHECKPOINT: notes[1].encode()}))


def test_a_changed_leaf_or_text_is_refused_whoever_signs(kept: Kept, files: Files) -> None:
    """The tree and the commitment in the leaf do not ask for signatures."""
    other = PrivateKey.generate(kept.keys.origin)
    text = next(name for name in files if name.endswith(contents.TEXT))
    leaf = text.replace(contents.TEXT, contents.LEAF)
    forged = files | {text: files[text].replace(b'"name":"', b'"name":"X', 1)}
    assert "the text is not the one that its leaf commits to" in refused(taken_over(forged, other))
    forged = files | {leaf: files[leaf].replace(b'"recorded_by":"', b'"recorded_by":"x', 1)}
    assert "the event is not in the log under this checkpoint" in refused(taken_over(forged, other))
    gone = {
        name: data for name, data in files.items() if name not in (text, text.replace(contents.TEXT, contents.SALT))
    }
    assert "its text is missing, and no event says that it was redacted" in refused(taken_over(gone, other))
    half = {name: data for name, data in files.items() if name != text}
    assert "come together" in refused(taken_over(half, other))


def test_captured_files_are_those_that_the_events_name(kept: Kept, hama: bytes, files: Files) -> None:
    """What is there is there by its sum, what is missing is listed, and nothing else is carried."""
    said = json.loads(files[contents.EVIDENCE])
    assert {one["sha256"]: one["attached"] for one in said} == {sha256(FOOTAGE): True, sha256(PHOTO): False}
    assert [name for name in files if name.startswith("evidence/")] == [f"evidence/{sha256(FOOTAGE)}"]
    assert files[f"evidence/{sha256(FOOTAGE)}"] == FOOTAGE

    other = PrivateKey.generate(kept.keys.origin)
    fake = files | {f"evidence/{sha256(FOOTAGE)}": b"another film"}
    assert "is another file than its name says" in refused(taken_over(fake, other))
    beside = files | {f"evidence/{sha256(b'a cat')}": b"a cat"}
    assert "is named by no event" in refused(taken_over(beside, other))


def test_a_policy_that_was_never_published_is_refused(kept: Kept, files: Files) -> None:
    """The words of the policy are those of the program that checks."""
    changed = files | {contents.POLICY: files[contents.POLICY].replace(b"credibility 3", b"credibility 6")}
    reason = refused(taken_over(changed, PrivateKey.generate(kept.keys.origin)))
    assert reason == "policy.json is not the policy assessed/1 as it was published"


def test_a_checkpoint_that_is_held_makes_the_signer_known(kept: Kept, hama: bytes) -> None:
    """Of the same size at once; of another with the proof between them, which a bundle has where it was asked for."""
    with kept.connection() as connection:
        notes = dict(connection.execute("SELECT size, note FROM log_checkpoint ORDER BY size").fetchall())
    sizes = sorted(notes)
    [key] = kept.known()
    assert verdict(hama, held=[notes[sizes[-1]]]).words == f"intact, signed by {key.name} ({key.key_id.hex()})"
    with pytest.raises(Refused, match="has no proof between them: have it made with --checkpoint"):
        verdict(hama, held=[notes[sizes[0]]])
    with_proof = made(kept.timeline, "sy-hama", "published", held=sizes[0], **EVENING)
    assert verdict(with_proof, held=[notes[sizes[0]]]).known
    with pytest.raises(Refused, match="no proof between"):
        verdict(with_proof, held=[notes[sizes[1]]])
    with pytest.raises(NotInTree):
        made(kept.timeline, "sy-hama", "published", held=10_000, **EVENING)


def test_a_held_checkpoint_of_another_history_refuses_the_bundle(kept: Kept, hama: bytes) -> None:
    """A log rewritten and signed with its own key is caught by what was kept elsewhere."""
    key = kept.keys.keys[0]
    size = verdict(hama).checkpoint.size
    same_size = signed(Checkpoint(key.name, size, bytes(32)).text(), [key], 0)
    with pytest.raises(Refused, match="and not the same ones"):
        verdict(hama, held=[same_size])
    smaller = signed(Checkpoint(key.name, 99, bytes(32)).text(), [key], 0)
    with_proof = made(kept.timeline, "sy-hama", "published", held=99, **EVENING)
    with pytest.raises(Refused, match=r"consistency\.json: the bundle's log is not the one of checkpoint 1"):
        verdict(with_proof, held=[smaller])
    strange = PrivateKey.generate("other.example/log")
    with pytest.raises(Refused, match=r"it is of other\.example/log"):
        verdict(hama, held=[signed(Checkpoint("other.example/log", size, bytes(32)).text(), [strange], 0)])
    with pytest.raises(Refused, match="checkpoint 1: no signed note"):
        verdict(hama, held=["nonsense"])


def test_no_bundle_is_made_of_what_cannot_be_proved(kept: Kept) -> None:
    """An unknown place; a position that no checkpoint covers yet."""
    with pytest.raises(NotRegistered):
        made(kept.timeline, "nowhere")
    kept.timeline.writer.append(
        [json.dumps({"type": "ActorRegistered", "actor_id": "new", "name": "New", "kind": "other"}).encode()],
        "key:desk",
    )
    console.follow(kept.timeline)
    with pytest.raises(NotYetInTree, match="no checkpoint covers position"):
        made(kept.timeline, "sy-hama")
    kept.grow([])
    assert verdict(made(kept.timeline, "sy-hama"), kept.known()).known


def test_a_crowded_place_is_refused_rather_than_cut_short(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is complete cannot leave out what does not fit."""
    monkeypatch.setattr(bundling, "MOST", 10)
    with pytest.raises(CannotBundle, match="events bear on sy-hama; a bundle holds 10"):
        made(kept.timeline, "sy-hama")


def test_nothing_is_bundled_that_the_view_could_not_fold(kept: Kept) -> None:
    """Its status is no fold of the log then; the reason names the position and what to do."""
    with kept.timeline.reader.asking("current") as asked:
        found = stored_bearing(asked.connection, asked.view, "sy-homs", asked.known_position)
        view = asked.view
    with kept.connection() as connection:
        setting_aside.put(connection, view, found.positions[-1], {found.developments[0]: "broken"})
        try:
            with pytest.raises(CannotBundle, match=r"could not be folded into view current.*doctor --retry"):
                made(kept.timeline, "sy-homs")
        finally:
            connection.execute("DELETE FROM set_aside")


def test_captured_files_may_be_larger_than_an_archive_can_be(
    kept: Kept, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is no bundle with them, and the reason says how much one holds."""
    monkeypatch.setattr(container, "MOST_BYTES", 100_000)
    with pytest.raises(CannotBundle, match="and 100,000 bytes"):
        made(kept.timeline, "sy-hama", "published", captured=folder, **EVENING)


def test_after_a_change_of_keys_a_bundle_is_of_the_key_that_signs_now(postgres_18: str) -> None:
    """While both sign either key will do; a checkpoint of the old key alone has to be followed by another first."""
    with kept_tree(postgres_18) as kept:
        told(kept, 1)
        console.follow(kept.timeline)
        [file] = kept.settings.home.glob("*.key")
        old, new = PrivateKey.read(file.read_text()), PrivateKey.generate(kept.keys.origin)
        file.write_text(f"{new.written()}\n{old.public}\n")
        with pytest.raises(CannotSign, match="is of a key that signs no more"):
            made(kept.timeline, "sy-hama")
        file.write_text(f"{new.written()}\n{old.written()}\n")
        before = made(kept.timeline, "sy-hama")
        kept.grow([json.dumps(SHOWN).encode()])
        console.follow(kept.timeline)
        between = made(kept.timeline, "sy-hama")
        file.write_text(f"{new.written()}\n{old.public}\n")
        after = made(kept.timeline, "sy-hama")
    assert verdict(before, [old.public]).known
    for key in (old.public, new.public):
        assert verdict(between, [key]).signers == (key,)
    assert verdict(after, [new.public]).known
    with pytest.raises(Refused, match="signed by no key that is known here"):
        verdict(after, [old.public])


def test_what_was_recorded_later_is_not_known_by_then(kept: Kept) -> None:
    """The time by which it is to be known belongs to the position, as far as the events can tell."""
    files = unpacked(made(kept.timeline, "sy-hama", at=when("12-02T12:00"), known_position=250))
    question = json.loads(files[contents.QUESTION])
    earlier = rfc3339(datetime.fromisoformat(question["known_at"]) - timedelta(hours=1))
    list_ = files[contents.POSITIONS].decode()
    assert list_.count(question["known_at"]) == 1
    moved = {
        name: files[name].replace(question["known_at"].encode(), earlier.encode())
        for name in (contents.QUESTION, contents.STATUS, contents.POSITIONS)
    }
    forged = taken_over(files | moved, PrivateKey.generate(kept.keys.origin))
    assert f"was recorded after {earlier}, by when it should be known" in refused(forged)


def test_the_oldest_server_makes_bundles_too(postgres_15: str) -> None:
    """PostgreSQL 15, with a redaction among what bears on the place."""
    with kept_tree(postgres_15) as kept:
        told(kept, 1)
        kept.grow([json.dumps(SHOWN).encode()])
        console.follow(kept.timeline)
        redact(kept, 298)
        found = verdict(made(kept.timeline, "sy-hama", "published", **EVENING), kept.known())
        assert (found.known, found.redacted) == (True, (298,))


#: Modules that a check must do without: databases, the web, the network, and whatever reads settings.
BLOCKED = ("psycopg", "psycopg_pool", "fastapi", "starlette", "uvicorn", "pydantic", "typer", "rich", "structlog",
           "eventsourcing", "numpy", "pyarrow", "urllib.request", "http.client", "sqlite3")  # fmt: skip


def test_a_check_needs_neither_database_nor_web_nor_network(kept: Kept, hama: bytes, tmp_path: Path) -> None:
    """In a process in which none of them can be imported, no socket opened and no program started."""
    (tmp_path / "b.zip").write_bytes(hama)
    program = f"""
import sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
def look(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn")):
        raise RuntimeError(event)
sys.addaudithook(look)
from services.timeline.audit.offline import main
sys.exit(main(sys.argv[1:]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "b.zip"), "--key", str(kept.known()[0])],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"intact, signed by {kept.keys.origin}")
    spoilt = bytearray(hama)
    spoilt[len(hama) // 2] ^= 1
    (tmp_path / "c.zip").write_bytes(spoilt)
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "c.zip")], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith("NOT intact: ")


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("<head>", "<head><script>alert(1)</script>"),
        ("default-src 'none'", "default-src *"),
        ("<title>", '<META http-equiv="refresh" content="0;url=https://example.org/"><title>'),
        ("<!DOCTYPE html>", " <!DOCTYPE html>"),
    ],
)
def test_a_page_that_could_act_is_refused_whoever_signed_it(kept: Kept, files: Files, said: str, instead: str) -> None:
    """Its reader opens it before they know whose it is."""
    page = files[contents.EXHIBIT].replace(said.encode(), instead.encode(), 1)
    forged = taken_over(files | {contents.EXHIBIT: page}, PrivateKey.generate(kept.keys.origin))
    assert "it could load or run something" in refused(forged)


def test_what_a_bundle_says_cannot_act_on_a_terminal(kept: Kept, files: Files) -> None:
    """Names of keys and logs are whoever's who made it; moments are moments."""
    name = "evil\u202e\u009b31m.example"
    other = PrivateKey.generate(name)
    note = Note.read(files[contents.CHECKPOINT].decode())
    renamed = files | {contents.CHECKPOINT: (name + note.text[note.text.index("\n") :] + "\n— x AAAAAAAA\n").encode()}
    before = Considered.read(Note.read(files[contents.POSITIONS].decode()).text)
    checkpoint = dataclasses.replace(before.checkpoint, origin=name)
    renamed[contents.POSITIONS] = signed(dataclasses.replace(before, checkpoint=checkpoint).text(), [other], 0).encode()
    with pytest.raises(Refused) as caught:
        verdict(packed(taken_over(renamed, other)), kept.known())
    assert name in str(caught.value)
    shown = offline.refusal(caught.value)
    assert shown.isprintable()
    assert "evil\\u202e\\x9b31m.example" in shown

    moved = files | {
        contents.QUESTION: files[contents.QUESTION].replace(b'"2024-12-02T18:00:00Z"', b'"2024-12-02T18:00:00+00:00"')
    }
    assert "is no moment as a bundle has it" in refused(taken_over(moved, PrivateKey.generate(kept.keys.origin)))


class Elements(HTMLParser):
    """Collects what a page is made of: elements, attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes |= set(attrs)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_exhibit_shows_hostile_text_as_text(files: Files) -> None:
    """No script, nothing that is loaded, no handler; what somebody said stands there letter by letter, kept to itself."""
    page = files[contents.EXHIBIT].decode()
    elements = Elements()
    elements.feed(page)
    assert elements.found <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "ol", "ul", "li", "a", "section", "article", "p",
        "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "bdi", "b", "i", "footer",
    }  # fmt: skip
    assert {name for name, _ in elements.attributes} <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "id", "href",
    }  # fmt: skip
    assert all((value or "").startswith("#s") for name, value in elements.attributes if name == "href")
    assert HOSTILE in "".join(elements.words)
    assert page.count(f"<bdi>{escape(HOSTILE)}</bdi>") >= 1
    assert "default-src 'none'" in page
    assert "https://example.org/<b>" in "".join(elements.words)


def test_the_exhibit_tells_the_whole_story(kept: Kept, files: Files) -> None:
    """The answer, every claim with its rule, every event with its leaf, what is missing, whose key; on numbered sheets."""
    elements = Elements()
    elements.feed(files[contents.EXHIBIT].decode())
    words = "".join(elements.words)
    [key] = kept.known()
    positions = Considered.read(Note.read(files[contents.POSITIONS].decode()).text).positions
    for said in (
        "Hama is held by Syrian Arab Army (corroborated).",
        "Inclusion can be proved, completeness cannot.",
        f"The events ({len(positions)})",
        sha256(PHOTO),
        "missing",
        "in this bundle",
        key.fingerprint,
        "The policy assessed, version 1",
        "attribution chain",
        "counter(page)",
    ):
        assert said in words, said
    for position in positions:
        leaf = files[contents.of_event(position, contents.LEAF)]
        assert merkle.leaf_hash(leaf).hex() in words


def redact(kept: Kept, position: int, reason: str = "A court ordered it.") -> int:
    """Take a text away; the position of the event that says so."""
    [held] = kept.timeline.log.at([position])
    asked = EventRedacted(redacted_id=held.event_id, legal_basis="An order of a court", reason=reason)
    done = kept.timeline.writer.redact(asked, "key:lawyer")
    kept.grow([])
    console.follow(kept.timeline)
    assert done.result.place is not None
    return done.result.place.position


def test_a_redacted_text_is_in_no_bundle_and_the_redaction_is(postgres_18: str) -> None:
    """The status is as it was, also as known before; the exhibit and the verdict say what is gone, custody by whom."""
    with kept_tree(postgres_18) as kept:
        told(kept, 2)
        kept.grow([json.dumps(SHOWN).encode()])
        console.follow(kept.timeline)
        before = made(kept.timeline, "sy-hama", "published", known_position=298, **EVENING)
        by = redact(kept, 298)
        gone = {name: data for name, data in unpacked(before).items() if f"{298:012}/text" not in name}
        assert "no event says that it was redacted" in refused(taken_over(gone, PrivateKey.generate(kept.keys.origin)))

        after = made(kept.timeline, "sy-hama", "published", known_position=298, **EVENING)
        found = verdict(after, kept.known())
        assert (found.redacted, found.status) == ((298,), verdict(before).status)
        files = unpacked(after)
        assert contents.of_event(298, contents.TEXT) not in files
        assert contents.of_event(by, contents.LEAF) in files
        for data in files.values():
            assert b"onerror" not in data
        assert b"redacted" in files[contents.EXHIBIT]
        with kept.connection() as connection:
            last = custody.listed(connection, custody.BEFORE_ALL, 100)[-2]
        assert (last.what, last.by, last.first_position, last.number) == ("redaction", "key:lawyer", 298, None)

        # Neither the redaction nor the event that it is of can be left out or exchanged.
        other = PrivateKey.generate(kept.keys.origin)
        positions = Considered.read(Note.read(files[contents.POSITIONS].decode()).text).positions
        assert "no event says that it was redacted" in refused(
            taken_over(without(files, by), other, [one for one in positions if one != by])
        )
        again = redact(kept, by, "Its own words said too much.")
        twice = verdict(made(kept.timeline, "sy-hama", "published", known_position=298, **EVENING), kept.known())
        assert twice.redacted == (298, by)
        assert twice.events == found.events + 1
        assert again > by


def test_a_text_that_is_gone_without_a_redaction_makes_no_bundle(postgres_18: str) -> None:
    """Somebody took it away in the database: that is tampering, and nothing is signed over it."""
    with kept_tree(postgres_18) as kept:
        told(kept, 1)
        console.follow(kept.timeline)
        with kept.connection() as connection:
            connection.execute("ALTER TABLE event DISABLE TRIGGER ALL")
            connection.execute("UPDATE event SET text = NULL, salt = NULL WHERE type = 'development-reported/1'")
        with pytest.raises(CannotBundle, match=r"does not pass its own check.*no event says that it was redacted"):
            made(kept.timeline, "sy-hama")
        with kept.connection() as connection:
            assert list(custody.every(connection)) == []

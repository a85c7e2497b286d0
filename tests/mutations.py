"""Flips the rules of the folds one by one, and shows that a test fails for each: a test that cannot fail proves nothing.

    python -m tests.mutations        every flip with the first test that noticed (some minutes)

Each flip replaces one piece of a rule in a copy of the source, in which the tests of the folds then run.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TESTS = ("tests/unit/test_standing.py", "tests/unit/test_status.py", "tests/unit/test_folds_against_reference.py")


class Flip(NamedTuple):
    """One rule changed: in which file, what stands there, what shall stand there instead."""

    rule: str
    file: str
    stands: str
    instead: str


FLIPS = (
    Flip("E and F do not count", "sources.py", 'not in "EF"', 'not in "E"'),
    Flip("usable means A, B or C", "sources.py", 'in "ABC"', 'in "ABCD"'),
    Flip("credibility 4 and 5 do not count", "standing.py", "not in (4, 5)", "!= 5"),
    Flip("the whole chain serves itself", "sources.py", "(*(grading.aligned_with for grading in gradings))", "(*(grading.aligned_with for grading in gradings[:1]))"),
    Flip("the origin is against interest", "sources.py", "origin_aligned=gradings[-1]", "origin_aligned=gradings[0]"),
    Flip("two origins corroborate, not two reports", "standing.py", "origins.add(said.origin)", "origins.add(repr(said))"),
    Flip("a corroboration needs one that serves no interest", "standing.py", "weight.usable and weight.interest != SELF_SERVING", "weight.usable"),
    Flip("credibility 6 is enough from A or B alone", "standing.py", "said.credibility == 6 and weight.well_sourced", "said.credibility == 6"),
    Flip("denials exchange favours and disfavours", "standing.py", "Sides(disfavoured, favoured)", "Sides(favoured, disfavoured)"),
    Flip("a denial against interest need only count", "standing.py", "(denial.counts and denial.interest == AGAINST_INTEREST)", "(denial.usable and denial.interest == AGAINST_INTEREST)"),
    Flip("only reports after the last denial lift it", "standing.py", "said.published_at > last]", "said.published_at >= last]"),
    Flip("an origin's latest statement is its stance", "standing.py", "said[:2] >= before[:2]", "said[:2] < before[:2]"),
    Flip("a retraction reaches the publisher too", "standing.py", "in (said.publisher, said.origin)", "in (said.origin,)"),
    Flip("a retraction does not reach what came after it", "standing.py", "and said.published_at <= self.retracted_at", ""),
    Flip("a verdict of 6 decides nothing", "policies.py", "5: REJECTED}", "5: REJECTED, 6: POSSIBLE}"),
    Flip("void comes before merged and verdicts", "standing.py", "if heard.void:", "if heard.void and heard.verdict is None:"),
    Flip("a voided development brings nothing", "knowing.py", "default=FOREVER)\n            for one", "default=FOREVER) and FOREVER\n            for one"),
    Flip("a merger counts through a chain", "knowing.py", "while other != into:", "for _ in range(other != into):"),
    Flip("nothing is known before its development", "knowing.py", "moment if start is None else max(moment, start)", "moment"),
    Flip("a change takes effect inside its period", "claims.py", "max(start, min(published_at, end))", "published_at"),
    Flip("a withdrawal that removes nobody asserts the same", "claims.py", "return before\n", "return VACATED\n"),
    Flip("shared stays shared while two are left", "claims.py", 'mode == "shared" and len(set(left)) > 1', "False"),
    Flip("pending claims that say the same are no news", "status.py", "elif says != held:", "else:"),
    Flip("an instant overlaps what contains it", "../events/times.py", "return start <= other_start < end", "return start < other_start < end"),
    Flip("since reaches over claims that say the same", "status.py", "        if says != held:\n            return first.takes_effect", "        if True:\n            return first.takes_effect"),
    Flip("since reaches over long runs", "status.py", "        if says != held:\n            start =", "        if True:\n            start ="),
    Flip("a grading is known from its position", "sources.py", 'clock == "recorded"', "False"),
)  # fmt: skip


def noticed_by(flip: Flip) -> str | None:
    """The first test that fails when a rule is flipped; None where none does.

    Raises:
        LookupError: what should stand in the source does not, or stands there twice.
    """
    with tempfile.TemporaryDirectory(prefix="timeline-flip-") as folder:
        copy = Path(folder)
        for part in ("events", "projections", "services", "tests"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        flipped = copy / "projections" / flip.file
        source = flipped.read_text("utf-8")
        if source.count(flip.stands) != 1:
            raise LookupError(f"{flip.file}: {flip.stands!r} stands there {source.count(flip.stands)} times")
        flipped.write_text(source.replace(flip.stands, flip.instead), "utf-8")
        less = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "--no-header")
        command = [sys.executable, "-m", "pytest", "-x", "-q", *less, *TESTS]
        run = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, env=os.environ | {"CI": "true"}, check=False
        )
    if run.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+?::[^ \n]+|\S+)", run.stdout, re.MULTILINE)
    return failed[1] if failed else f"(pytest ended with {run.returncode})"


def main() -> int:
    """Try every flip, as many at a time as there are cores; exit code 1 where one goes unnoticed."""
    unnoticed = 0
    with ThreadPoolExecutor(os.cpu_count()) as several:
        for number, (flip, test) in enumerate(zip(FLIPS, several.map(noticed_by, FLIPS), strict=True), start=1):
            unnoticed += test is None
            print(f"{number:2}/{len(FLIPS)}  {flip.rule:58} {test or 'NOBODY NOTICED'}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())

"""What an evidence bundle proves, what is only attested, and how it is checked by hand: the words of README.txt and exhibit (pure)."""

from typing import Final

from services.timeline.audit.contents import Question

#: What is proved, and what is not: the same words in README.txt and on the first page.
PROVED: Final = (
    (
        "That each event of this bundle stood in the log at its position, with its time, recorder, type and structure, when "
        "the checkpoint was signed; that each text is the one that its event commits to; and that the status follows from "
        "these events by the rules of the policy."
    ),
)
ATTESTED: Final = (
    (
        "That no other event bears on the answer: the list of positions that were considered is signed by the service's key. "
        "Inclusion can be proved, completeness cannot."
    ),
    "The words of this page, the glossary, and the record of custody: they are covered by the same signature.",
    (
        "That the log was so in the first place. Who has the key and the database can write a log anew for those who kept no "
        "checkpoint of it."
    ),
)
NEITHER: Final = (
    "Whether what a source said is true. The log proves who said what, and when it was recorded; the policy weighs it.",
)


def _withheld(question: Question) -> list[str]:
    if not question.withheld:
        return []
    said = ", ".join(f"{one:,}" for one in question.withheld)
    return [
        "Withheld: the texts of the events at these positions, which tell who a sensitive source is (a person at risk).",
        "Each leaf commits to its text, so whoever has the text can be shown that it is the one; the status rests on none.",
        f"    {said}",
        "",
    ]


def readme(question: Question, sentence: str) -> bytes:
    """What this is, and how it is checked by hand."""
    lines = [
        f"Evidence bundle of {question.location_id} at {question.at}, as known at {question.known_at}",
        "",
        sentence,
        "",
        "Proved by the files of this bundle alone:",
        *(f"  - {one}" for one in PROVED),
        "Attested by the key in keys.txt:",
        *(f"  - {one}" for one in ATTESTED),
        "Neither:",
        *(f"  - {one}" for one in NEITHER),
        "",
        *_withheld(question),
        "Read exhibit.html. Checked by a program, without network:",
        "    timeline audit verify THIS.zip --key KEY     (the log's key, from elsewhere: not from this bundle)",
        "Checked by hand, in the unpacked folder:",
        "    sha256sum -c MANIFEST                        every file is the one that was listed",
        "    sha256sum MANIFEST                           ... and positions.note, which is signed, names this",
        "    (printf '\\0'; cat events/N/leaf.json) | sha256sum          the leaf that receipt.tlog-proof proves",
        "    cat events/N/text.salt events/N/text.json | sha256sum      the text_sha256 in leaf.json",
        "    openssl ts -verify -data checkpoint.txt -in checkpoint.tsr -CAfile CA.pem   (where it has a time stamp)",
        "checkpoint.txt and positions.note are signed notes (C2SP signed-note), receipts are C2SP tlog-proof: other",
        "people's programs read both.",
        "",
    ]
    return "\n".join(lines).encode()

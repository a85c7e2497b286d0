"""The words of an evidence bundle, for readers who have never seen the service (pure)."""

from typing import Final

GLOSSARY: Final[tuple[tuple[str, str], ...]] = (
    ("actor", "A party: an armed force, group, government or coalition."),
    (
        "alignment",
        "That a source speaks for an actor, or is close to it. It is stated by events of the log, never inferred.",
    ),
    (
        "attribution chain",
        "Who carried a statement, outermost first. The publisher is the first, the origin the last who is named.",
    ),
    ("basis", "The last accepted claim about a place; it gives the status."),
    (
        "checkpoint",
        (
            "A signed line about the log: its name, how many events it had, and the root of the tree over them. Whoever kept "
            "one can be shown later that nothing before it was changed."
        ),
    ),
    ("claim", "A development of a kind that bears on the status of its place."),
    (
        "clock",
        "How the known axis counts: “recorded” by when the log had a thing, “reported” by when it was published.",
    ),
    ("credibility", "How an information is graded, 1 (confirmed) to 6 (cannot be judged), after the Admiralty code."),
    ("denial", "One source's statement that something did not happen. It never erases a claim."),
    ("development", "Something said to have happened, at a place, in a period."),
    (
        "event",
        (
            "An immutable fact in the log: that something was reported, denied, assessed, corrected or registered, with its "
            "position, its time and who recorded it."
        ),
    ),
    (
        "inclusion proof",
        "The hashes that lead from a leaf up to the root: the event stands in the log at its position.",
    ),
    ("known at", "The moment by which a thing had to be known to count. What was learned later does not leak back."),
    ("leaf", "The bytes that stand for an event in the tree: all of it but the text, to which they commit by a hash."),
    ("pending", "A claim that nobody confirmed well enough yet; it stands beside the status and never hides."),
    ("policy", "The named, versioned rule by which claims become a status."),
    ("position", "The event's place in the one sequence of the log: 1, 2, 3 and so on."),
    ("redaction", "A text that was lawfully taken away. Its event, its place in the log and every status stay."),
    ("reliability", "How a source is graded, A (reliable) to F (cannot be judged), after the Admiralty code."),
    ("report", "One source's statement that something happened."),
    ("root", "The one hash over all events of the log up to a position; any change of any of them gives another."),
    ("salt", "16 random bytes before a text, so that its hash cannot be guessed once the text is gone."),
    ("source", "Whoever speaks: an outlet, agency, ministry, monitoring group, account or analyst."),
    (
        "standing",
        (
            "What the reports, denials and assessments of a development make of it. Accepted: confirmed, probable, admitted, "
            "corroborated, credible. Pending: possible, doubtful, disputed, unconfirmed. Ignored: rejected, retracted, merged, void."
        ),
    ),
    ("status", "The answer: who held a place at a moment, as known at a moment."),
    ("view", "A reading of the whole log under one policy, one clock and one choice of sources."),
)


def as_text() -> str:
    """The glossary as a file."""
    return "".join(f"{word}\n    {meaning}\n" for word, meaning in GLOSSARY)

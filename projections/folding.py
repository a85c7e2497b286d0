"""Names as people search for them: letter case, accents and the forms of Arabic letters do not matter (pure).

"Ma'arrat al-Nu'man" is found by "maarrat al numan", "حماة" by "حماه". A folded text is for comparing, never for showing.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

#: Letters that Unicode does not take apart, and marks that transliterations write or leave out.
_LETTERS: Final = {
    "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ة": "ه", "ۃ": "ه", "ہ": "ه", "ە": "ه", "ھ": "ه", "ک": "ك", "ڪ": "ك",
    "ـ": "", "ء": "", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
    "'": "", "`": "", "´": "", "’": "", "‘": "", "‛": "", "ʼ": "", "ʻ": "", "ʾ": "", "ʿ": "", "ˈ": "",
    "-": " ", "‐": " ", "‑": " ", "‒": " ", "–": " ", "—": " ", "−": " ", "_": " ", "/": " ",
}  # fmt: skip
_TABLE: Final = str.maketrans(_LETTERS)

#: Marks that stand on letters (accents, harakat, hamza above), and signs that nobody sees (joiners, directions).
_UNSEEN: Final = ("Mn", "Me", "Cf")


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """A text as it is compared: folded twice it is the same.

    Without case, accents, vowel signs, tatweel and apostrophes; alef, yeh, heh and kaf in one form each; digits as 0 to
    9; hyphens and any run of spaces as one space.
    """
    once = _bare(_bare(text).casefold()).translate(_TABLE)
    return " ".join(once.split())


def bare_words(text: str) -> list[str]:
    """The words of a text as they are compared, without what stands between them; kept nowhere."""
    return re.findall(r"\w+", fold.__wrapped__(text))


def _bare(text: str) -> str:
    """Taken apart, without marks; digits of any script as ASCII."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(
        str(unicodedata.digit(sign)) if unicodedata.category(sign) == "Nd" else sign
        for sign in apart
        if unicodedata.category(sign) not in _UNSEEN
    )

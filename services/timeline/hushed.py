"""Words without the secrets that may stand in them: keys, tokens, passwords in addresses (pure).

A belt beside the braces: nothing of ours says a secret on purpose, but errors of libraries quote what they were given.
"""

import re
from typing import Final

_SECRETS: Final = (
    (re.compile(r"\btlk_[A-Za-z0-9_-]+"), "tlk_***"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?"), "eyJ***"),  # a token: JSON in base64
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"PRIVATE\+KEY\+\S+"), "PRIVATE+KEY+***"),  # of the log
    (re.compile(r"(?<=://)[^/\s]*@"), "***@"),
    (re.compile(r"(?i)\b(\w*password\w*)(\s*=\s*)('(\\.|[^'\\])*'|\S+)"), r"\1\2***"),
    # PostgreSQL quotes whole rows there, which may hold what is told to nobody.
    (re.compile(r"(?m)^\s*(DETAIL|CONTEXT):.*$"), r"\1: ***"),
)


def hushed(text: str) -> str:
    """A text without secrets.

    >>> hushed("cannot connect to postgresql://me:hush@db/timeline")
    'cannot connect to postgresql://***@db/timeline'
    """
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text

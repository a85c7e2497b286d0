"""Time stamps of checkpoints (RFC 3161): what to ask an authority, and whether its answer is its own (pure).

A checkpoint says what a log was, not since when. A time-stamping authority signs that it saw the checkpoint's bytes at a
time. What is stamped is the whole note, signatures and all; `openssl ts -verify` checks the same.
"""

import hashlib
from datetime import datetime

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus


class StampRefused(ValueError):
    """A time stamp that is none, or of something else, or of nobody who is trusted; one line for people."""


def request(note: bytes) -> bytes:
    """What an authority is asked: the SHA-256 of the note, its certificate wanted in the answer."""
    return TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()


def stamped_at(stamp: bytes, note: bytes) -> datetime:
    """When a note was stamped, by the stamp's own word; who says so is found out by `verify`.

    Raises:
        StampRefused: it is no stamp, or one of something else.
    """
    response = _decoded(stamp)
    imprint = response.tst_info.message_imprint
    if imprint.message != hashlib.sha256(note).digest():
        raise StampRefused("the time stamp is of something else than this checkpoint")
    return response.tst_info.gen_time


def verify(stamp: bytes, note: bytes, authorities: bytes) -> datetime:
    """When a note was stamped, once it is sure that an authority which is trusted says so.

    Args:
        authorities: Certificates that are trusted, as PEM; those that signed themselves are roots.

    Raises:
        StampRefused: no such authority has stamped it.
    """
    moment = stamped_at(stamp, note)
    roots, others = _certificates(authorities)
    try:
        VerifierBuilder(roots=roots, intermediates=others).build().verify_message(_decoded(stamp), note)
    except (VerificationError, ValueError) as error:
        raise StampRefused(f"the time stamp is of no authority that is trusted here: {error}") from None
    return moment


def _certificates(pem: bytes) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise StampRefused("there is no certificate in the file of authorities; it is PEM") from None
    roots = [one for one in found if one.issuer == one.subject]
    if not roots:
        raise StampRefused("no certificate in the file of authorities has signed itself, so none is a root")
    return roots, [one for one in found if one not in roots]


def _decoded(stamp: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(stamp)
        if response.status != PKIStatus.GRANTED:
            raise StampRefused(f"the authority refused: status {response.status} {' '.join(response.status_string)}")
        response.tst_info  # noqa: B018  (it is read here: what is no token raises)
    except ValueError as error:
        if isinstance(error, StampRefused):
            raise
        raise StampRefused(f"no time stamp: {error}") from None
    return response

"""Bytes of a batch as they lie on the disk: compressed, with a check sum over them."""

import zlib

_FAST = 1  # the columns of a batch shrink to a third either way, and a higher level takes longer
_PLAIN = b"{"  # how JSON begins, and no zlib stream does (RFC 1950, 2.2)


def packed(content: bytes) -> bytes:
    """The bytes to keep for a batch's content."""
    return zlib.compress(content, _FAST)


def unpacked(kept: bytes) -> bytes:
    """The content, byte for byte as it was; files of version 1 kept it as it is.

    Raises:
        ValueError: The check sum (Adler-32) does not hold: the bytes were damaged.
    """
    if kept.startswith(_PLAIN):
        return kept
    try:
        return zlib.decompress(kept)
    except zlib.error as error:
        raise ValueError(str(error)) from error


def is_checked(kept: bytes) -> bool:
    """Whether a check sum stands behind these bytes."""
    return not kept.startswith(_PLAIN)

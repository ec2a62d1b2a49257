"""As much of protobuf's wire format as names need: https://protobuf.dev/programming-guides/encoding/.

A message of the kubelet is texts in messages in messages. Reading those takes this one function, so
nobody has to install protobuf, whose releases bind generated code to a version.
"""

from collections.abc import Iterator

_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED_64: 8, _FIXED_32: 4}
_LONGEST_VARINT = 10  # bytes: 64 bits, seven in each
_MASK_64 = (1 << 64) - 1


def pieces(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Texts and messages in a message: field number and content, in their order.

    Numbers are skipped, and so is what a newer sender added.

    Raises:
        ValueError: It is cut short, or no message.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("a field has the number 0")
        if kind == _VARINT:
            _, at = _varint(message, at)
            continue
        length, at = _length(message, at, kind)
        if length > len(message) - at:
            raise ValueError("a message is cut short")
        if kind == _LENGTH:
            yield number, message[at : at + length]
        at += length


def _length(message: bytes, at: int, kind: int) -> tuple[int, int]:
    """How many bytes follow, and from where on."""
    if kind == _LENGTH:
        return _varint(message, at)
    if kind not in _FIXED_BYTES:  # groups ended with proto2
        raise ValueError(f"a field has the wire type {kind}")
    return _FIXED_BYTES[kind], at


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number, and where the next thing begins."""
    number = 0
    for index, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the top bit says that more follows
            return number & _MASK_64, at + index + 1
    raise ValueError("a number is cut short or too long")

"""Texts out of protobuf messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.discovery.kube.protobuf import pieces

NUMBERS = st.integers(1, 2**29 - 1)
TEXTS = st.tuples(NUMBERS, st.binary(max_size=300))
#: What is to be skipped: a varint, 64 bits, 32 bits.
OTHERS = st.one_of(
    st.tuples(NUMBERS, st.integers(0, 2**64 - 1)).map(
        lambda one: _tag(one[0], 0) + _varint(one[1])
    ),
    st.tuples(NUMBERS, st.binary(min_size=8, max_size=8)).map(lambda one: _tag(one[0], 1) + one[1]),
    st.tuples(NUMBERS, st.binary(min_size=4, max_size=4)).map(lambda one: _tag(one[0], 5) + one[1]),
)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _field(number: int, content: bytes) -> bytes:
    return _tag(number, 2) + _varint(len(content)) + content


@given(st.lists(st.one_of(TEXTS, OTHERS)))
def test_all_texts_are_found_in_their_order_and_the_rest_is_skipped(
    fields: list[tuple[int, bytes] | bytes],
) -> None:
    message = b"".join(one if isinstance(one, bytes) else _field(*one) for one in fields)
    assert list(pieces(message)) == [one for one in fields if isinstance(one, tuple)]


@given(st.lists(TEXTS, min_size=1), st.data())
def test_a_message_that_is_cut_within_a_field_is_refused(
    fields: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    written = [_field(*one) for one in fields]
    message = b"".join(written)
    cut = data.draw(st.integers(len(message) - len(written[-1]) + 1, len(message) - 1))
    with pytest.raises(ValueError, match="cut short"):
        list(pieces(message[:cut]))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        found = list(pieces(content))
    except ValueError:
        return
    assert all(number > 0 for number, _ in found)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"\x02\x00", "number 0"),
        (b"\x0b", "wire type 3"),
        (b"\x0f", "wire type 7"),
        (b"\x80" * 11, "too long"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "cut short"),
    ],
)
def test_what_is_no_message_is_refused(message: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        list(pieces(message))

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shipping.batches import batch_of

from joulebook.shipping.packing import is_checked, packed, unpacked
from joulebook.wire import encode


@given(st.integers(0, 30))
def test_a_batch_comes_back_byte_for_byte(windows: int) -> None:
    content = encode(batch_of("agent", "epoch", 7, windows))
    assert unpacked(packed(content)) == content
    assert len(packed(content)) < len(content)


def test_what_the_first_version_kept_is_read_as_it_is() -> None:
    content = encode(batch_of("agent", "epoch", 7))
    assert unpacked(content) == content
    assert (is_checked(content), is_checked(packed(content))) == (False, True)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_byte_that_changed_is_never_taken_for_another_content(at: int, by: int) -> None:
    content = encode(batch_of("agent", "epoch", 7))
    kept = bytearray(packed(content))
    kept[at % len(kept)] ^= by
    with contextlib.suppress(ValueError):
        assert unpacked(bytes(kept)) == content  # a bit that means nothing, at the very end


def test_a_damaged_content_is_refused() -> None:
    kept = bytearray(packed(encode(batch_of("agent", "epoch", 7))))
    kept[len(kept) // 2] ^= 0xFF
    with pytest.raises(ValueError, match="rror"):
        unpacked(bytes(kept))

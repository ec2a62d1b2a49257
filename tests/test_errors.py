"""The error tree: who catches what."""

import pytest

from joulebook import errors
from joulebook.errors import InvalidInput, JoulebookError, Unreachable, WireError


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if isinstance(kind, type)], ids=str
)
def test_everything_raised_on_purpose_has_one_root(kind: type) -> None:
    assert issubclass(kind, JoulebookError)


def test_invalid_input_is_also_the_languages_own_value_error() -> None:
    assert issubclass(InvalidInput, ValueError)


def test_a_wire_error_reads_as_path_and_reason() -> None:
    assert str(WireError("$.seq", "is negative")) == "$.seq: is negative"


def test_a_server_that_names_no_wait_leaves_it_open() -> None:
    assert Unreachable("busy").retry_after_s is None

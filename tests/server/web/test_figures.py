"""How figures are written on the pages."""

import pytest

from joulebook.core.units import MISSING
from joulebook_server.web import figures

SECOND = 1_000_000


def plain(text: str | None) -> str | None:
    return None if text is None else text.replace("\u2009", " ")


@pytest.mark.parametrize(
    ("power_mw", "text"),
    [(0, "0 W"), (812, "0.812 W"), (93_400, "93.4 W"), (4_810_000, "4.81 kW"), (None, MISSING)],
)
def test_power_has_three_digits_and_a_prefix_that_fits(power_mw: int | None, text: str) -> None:
    assert plain(figures.power(power_mw)) == text


@pytest.mark.parametrize(
    ("share", "text"), [(1, "100 %"), (0.991, "99.1 %"), (0, "0 %"), (None, MISSING)]
)
def test_a_share_is_a_percentage(share: float | None, text: str) -> None:
    assert plain(figures.percent(share)) == text


def test_an_error_is_told_as_a_share_and_of_nothing_not_at_all() -> None:
    assert plain(figures.error(0.5, 3_600_000_000_000)) == "±50 %"
    assert figures.error(0.5, "0") == MISSING


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (2.0, 1.0, "+100.0 %"),
        (1.0, 2.0, "\u221250.0 %"),
        (50.0, 1.0, "50\u00d7"),
        (1.0, 0.0, None),
        (1.0, 1.0, "±0.0 %"),
        (0.9999, 1.0, "±0.0 %"),
    ],
)
def test_a_change_is_told_where_there_is_something_to_compare(
    now: float, before: float, text: str | None
) -> None:
    assert plain(figures.change(now, before)) == text


@pytest.mark.parametrize(
    ("length_us", "text"),
    [
        (1_500_000, "1.5 s"),
        (200 * SECOND, "3 min 20 s"),
        (5_160 * SECOND, "1 h 26 min"),
        (93_600 * SECOND, "1 d 2 h"),
    ],
)
def test_a_length_of_time_has_two_units(length_us: int, text: str) -> None:
    assert plain(figures.duration(length_us)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(4_200_000, "4.20 M"), (60_000, "60 000"), (0.9123, "0.912"), (0, "0"), (3.2e19, "3.2e+19")],
)
def test_a_number_is_short(value: float, text: str) -> None:
    assert plain(figures.number(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("nlp", "nlp"),
        ({"accuracy": 0.5, "f1": 0}, "accuracy 0.500, f1 0"),
        (
            {"label": "W4A16", "method": ["pruning", "quantization"], "parent": None},
            "label W4A16, method pruning + quantization",
        ),
        ({"label": None}, MISSING),
    ],
)
def test_a_correction_reads_as_text(value: object, text: str) -> None:
    assert plain(figures.told(value)) == text

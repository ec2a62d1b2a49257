from joulebook.cli.table import render
from joulebook.core.units import MISSING

HEAD = ["model", "energy", "method"]
ROWS = [["digits", "1.25 kWh", "counter"], ["bert", MISSING, "estimated"]]


def test_a_name_cannot_break_the_table_or_steer_the_terminal() -> None:
    text = render(["model"], [["evil\x1b[31m\nfoo"]], width=80)
    assert text.splitlines()[1] == "evil\ufffd[31m\ufffdfoo"


def test_figures_are_flush_right_and_words_flush_left() -> None:
    lines = render(HEAD, ROWS, 80).splitlines()
    assert lines == [
        "model     energy  method",
        "digits  1.25 kWh  counter",
        f"bert           {MISSING}  estimated",
    ]


def test_no_line_is_wider_than_a_narrow_terminal() -> None:
    text = render(HEAD, ROWS, 20)
    assert max(len(line) for line in text.splitlines()) <= 20


def test_a_narrow_terminal_keeps_every_cell() -> None:
    text = render(HEAD, ROWS, 20)
    assert all(cell in text for row in ROWS for cell in row)

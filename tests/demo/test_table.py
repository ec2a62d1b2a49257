from joulebook_demo import table

HEADS = ["variant", "size\nkB", "J per\n1000"]
ROWS = [["float32", "4530", "0.1 ±60 %"], ["int8", "1140", "\u2013"]]


def test_columns_stand_side_by_side_where_they_fit() -> None:
    assert table.render(HEADS, ROWS, 80) == (
        "         size      J per\n"
        "variant    kB       1000\n"
        "-------  ----  ---------\n"
        "float32  4530  0.1 ±60 %\n"
        "int8     1140          \u2013"
    )


def test_a_table_as_wide_as_the_terminal_is_not_stacked() -> None:
    assert "\n\n" not in table.render(HEADS, ROWS, 24)


def test_rows_are_stacked_where_the_terminal_is_too_narrow() -> None:
    assert table.render(HEADS, ROWS, 23) == (
        "float32\n"
        "  size kB     4530\n"
        "  J per 1000  0.1 ±60 %\n"
        "\n"
        "int8\n"
        "  size kB     1140\n"
        "  J per 1000  \u2013"
    )


def test_a_head_broken_inside_a_word_is_whole_again_when_stacked() -> None:
    shown = table.render(["variant", "cover-\nage", "samples\n/s"], [["a", "1", "2"]], 10)
    assert "coverage " in shown
    assert "samples/s" in shown


def test_no_line_ends_in_blanks() -> None:
    lines = table.render(HEADS, [["a", "", ""]], 80).split("\n")
    assert lines == [line.rstrip() for line in lines]


def test_notes_are_wrapped_to_the_width() -> None:
    text = table.notes(["word " * 30, "short"], 40)
    assert max(len(line) for line in text.split("\n")) <= 40


def test_a_long_note_hangs_under_its_first_word() -> None:
    assert table.notes(["one two three"], 9) == "one two\n  three"

"""What is wrong with a file of readings: every fault with its line, not the first one alone."""

from dataclasses import dataclass

from joulebook.errors import InvalidInput

#: As many are listed; of the others there is the number.
MOST_LISTED = 20


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault.

    Attributes:
        line: Line of the file, counted from 1, where the row begins.
        column: Name of the column; empty where the whole row is at fault.
        reason: What is wrong, and what to do.
    """

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}{', ' if self.column else ''}{self.column}: {self.reason}"


class Problems:
    """Faults found so far; memory holds only those that are listed.

    Attributes:
        count: How many there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._listed: list[Problem] = []

    def add(self, line: int, column: str, reason: str) -> None:
        """Note one fault."""
        self.count += 1
        if len(self._listed) < MOST_LISTED:
            self._listed.append(Problem(line, column, reason))

    def refuse(self) -> None:
        """End here if anything is wrong.

        Raises:
            InvalidInput: There is a fault; the text lists them by line.
        """
        if not self.count:
            return
        lines = [str(problem) for problem in sorted(self._listed)]
        more = self.count - len(self._listed)
        lines += [f"... and {more} more"] if more else []
        raise InvalidInput("\n  ".join(["nothing was imported", *lines]))

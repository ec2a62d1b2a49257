"""What is done where the agent is of no use any more."""

from collections.abc import Callable

from joulebook.errors import NoAgent


class Fallback:
    """A block in which the agent may fail; then `lose` is called and the code goes on."""

    def __init__(self, lose: Callable[[NoAgent], None]) -> None:
        self._lose = lose

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, NoAgent):
            self._lose(error)
            return True
        return False

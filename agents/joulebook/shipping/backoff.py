"""How long to wait after a failure."""

from collections.abc import Callable

#: The longest pause that grows by itself, s.
MOST_S = 300.0
#: A server that asks for a longer pause is believed up to this, s: it may be wrong, or a proxy.
MOST_BELIEVED_S = 3600.0


class Backoff:
    """Pauses that double with each failure in a row and are drawn by chance below that.

    Many hosts lose one server at one moment. Drawn between nothing and the limit ("full jitter":
    Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), their next attempts
    spread out, and the server that comes back is not knocked over by all at once.

    Args:
        first_s: Limit of the first pause, s.
        least_s: No pause is shorter, s.
        most_s: Limit of all pauses, s.
        draw: A number from 0 up to 1, by chance; Python's own where it is left out.
    """

    def __init__(
        self,
        first_s: float,
        *,
        least_s: float = 0.0,
        most_s: float = MOST_S,
        draw: Callable[[], float] | None = None,
    ) -> None:
        self._first_s = min(first_s, most_s)
        self._least_s = least_s
        self._most_s = most_s
        self._draw = draw or _by_chance
        self._limit_s = self._first_s

    def failed(self, asked_s: float | None = None) -> float:
        """The pause from now on, s.

        Args:
            asked_s: What the server asked for, s; the pause is at least that, up to an hour.
                The drawn one comes on top: it asked everybody for the same.
        """
        pause_s = self._draw() * self._limit_s + min(asked_s or 0.0, MOST_BELIEVED_S)
        self._limit_s = min(2 * self._limit_s, self._most_s)
        return max(pause_s, self._least_s)

    def succeeded(self) -> None:
        """The next failure is the first again."""
        self._limit_s = self._first_s


def _by_chance() -> float:
    import random  # noqa: PLC0415 - slow to load, needed only after a failure

    return random.random()  # noqa: S311 - spreads load, guards nothing

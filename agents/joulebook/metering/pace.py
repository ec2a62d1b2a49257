"""How often sensors are looked at, and how long a window gets."""

from dataclasses import dataclass

from joulebook.core.units import US_PER_S
from joulebook.settings import Settings

#: A server may ask for windows between these lengths, µs.
SHORTEST_US, LONGEST_US = US_PER_S, 300 * US_PER_S
#: Time between two looks where a sensor tells only power, s: what it does in between is unseen.
QUICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """The rhythm of measuring.

    Attributes:
        window_us: Length of a window, µs.
        sample_s: Time between two looks at the sensors, s.
        fixed: True where a person set the length: then no server changes it.
        steady: True where a person set the time between looks: then no sensor changes it.
    """

    window_us: int
    sample_s: float
    fixed: bool = False
    steady: bool = False

    def length_us(self, asked_us: int | None) -> int:
        """Length of the next window, µs.

        Args:
            asked_us: What the server asked for last, µs; None if it has not answered.
        """
        if self.fixed or asked_us is None:
            return self.window_us
        return min(max(asked_us, SHORTEST_US), LONGEST_US)

    def wait_s(self, *, quick: bool) -> float:
        """Time to the next look, s.

        Args:
            quick: Whether a sensor tells only power.
        """
        return min(self.sample_s, QUICK_S) if quick and not self.steady else self.sample_s


def pace_of(settings: Settings) -> Pace:
    """The rhythm by the settings in force."""
    window_us = int(settings.window_s * US_PER_S)
    return Pace(
        window_us,
        settings.sample_s,
        fixed=settings.is_set("window_s"),
        steady=settings.is_set("sample_s"),
    )

"""What the server's site adds to every figure: its zone, its PUE, its transfer coefficient."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from joulebook.core.carbon import Factor
from joulebook.core.transfer import Coefficient, published, stated
from joulebook.errors import InvalidInput
from joulebook_server.settings import Settings
from joulebook_server.store.factors import packaged


@dataclass(frozen=True, slots=True)
class Site:
    """The server's site.

    Attributes:
        zone: Grid zone; wins over what a host says of itself. None where each host's own counts.
        pue: Power usage effectiveness.
        transfer: Energy for each GB that crosses the network; None: nobody asked for that term.
    """

    zone: str | None
    pue: Fraction
    transfer: Coefficient | None = None

    def placed(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Labels with the site's zone, if it has one."""
        return {**labels, "zone": self.zone} if self.zone else labels

    @staticmethod
    def factor(zone: str) -> tuple[Factor | None, str | None]:
        """The factor of a line's zone, or the flag that says why there is none."""
        if not zone:
            return None, "no_zone"
        try:
            return packaged().get(zone), None
        except InvalidInput:
            return None, f"unknown_zone:{zone}"


def site_of(settings: Settings) -> Site:
    """The site that the settings describe."""
    return Site(settings.zone, Fraction(settings.pue), _transfer(settings))


def _transfer(settings: Settings) -> Coefficient | None:
    if settings.transfer_kwh_per_gb is not None:
        return stated(Decimal(settings.transfer_kwh_per_gb), settings.transfer_source or "")
    return None if settings.transfer_year is None else published(settings.transfer_year)

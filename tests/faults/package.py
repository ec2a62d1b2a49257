"""A processor package whose counter the test moves."""

from pathlib import Path

#: Many digits, so that the figure never gets longer and nobody reads half of one.
_BEGAN_UJ = 100_000_000_000
_RANGE_UJ = 262_143_328_850


class Package:
    """A powercap tree with one package.

    Attributes:
        sysfs: The folder that stands for /sys.
        counted_uj: What its counter counted since it was made, µJ.

    Args:
        sysfs: Where to make the tree.
    """

    def __init__(self, sysfs: Path) -> None:
        self.sysfs = sysfs
        self.counted_uj = 0
        zone = sysfs / "class" / "powercap" / "intel-rapl:0"
        zone.mkdir(parents=True)
        (zone / "name").write_text("package-0\n", encoding="ascii")
        (zone / "max_energy_range_uj").write_text(f"{_RANGE_UJ}\n", encoding="ascii")
        self._file = zone / "energy_uj"
        self._file.write_text(f"{_BEGAN_UJ}\n", encoding="ascii")

    def use(self, energy_uj: int) -> None:
        """It uses so much, µJ."""
        file, figure = self.moving_by(energy_uj)
        with Path(file).open("r+b", buffering=0) as opened:
            opened.write(figure.encode())

    def moving_by(self, energy_uj: int) -> tuple[str, str]:
        """The counter's file, and what somebody else is to write there so that it moves so far."""
        self.counted_uj += energy_uj
        return str(self._file), str(_BEGAN_UJ + self.counted_uj)

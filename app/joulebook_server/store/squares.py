"""Sums of squares of errors, exact in two columns of 64 bits.

An error on the wire has up to 53 bits, its square 106. The lower limb has 46: the sum of 130,000 of
them still fits, more than a quarter hour has windows.
"""

LIMB = 2**46


def limbs(square: int) -> tuple[int, int]:
    """The two limbs of a square, µJ²."""
    return divmod(square, LIMB)


def joined(high: int, low: int) -> int:
    """The sum behind the two columns; the lower one may have grown beyond its limb."""
    return high * LIMB + low

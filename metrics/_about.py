"""What must be known of a metric to read its values. Each metric's module states it as `ABOUT`, beside the formula."""

from typing import NamedTuple


class About(NamedTuple):
    """Short texts for people.

    meaning: what the score asks. range: its least and greatest value, and which is better. chance: what codes that know
    nothing score. ceiling: what a perfect code scores. Figures without a source are of `bench calibrate` at seed 0, on
    dSprites' grid (3, 6, 40, 32, 32) and in the default protocol: a perfect code, and ten dimensions of pure noise.
    order: why the values of factors must have an order; empty where they need none. With it the metric takes v as real
    numbers too, and is given the true values of continuous factors.
    """

    meaning: str
    range: str
    chance: str
    ceiling: str
    order: str = ""

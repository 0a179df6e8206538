"""How figures look: legible in a column, in greyscale and to the colour-blind; the same bytes each time."""

import itertools
import textwrap
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.style
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench import plugins
from bench.quantities import BASELINES
from bench.report.collect.groups import Group, Series, Setting
from bench.report.words.names import AGAINST, MARKERS, METHODS, method_label, params_text, symbol

ACROSS = 5  # columns side by side
WIDTH = 1.75  # inches of each, as far as the page has them

COLUMN, PAGE = 3.5, 7.0  # inches: the widths of a column (8.9 cm) and of the text of a page (17.8 cm)
SMALL = 6.5  # points
OUTSIDE = "outside"  # the gid of what is drawn outside the axes on purpose, and needs room there
STYLE: dict[str, Any] = {
    **sns.axes_style("ticks"),
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": SMALL,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 5,
    "figure.dpi": 220,  # the same as below: hinted letters are as wide in the layout as in the picture
    "savefig.dpi": 220,
    "svg.fonttype": "path",
    "svg.hashsalt": "disentanglement-bench",
}
GREY = (0.45, 0.45, 0.45)
PALE = (0.7, 0.7, 0.7)  # others' settings, beside one's own


class Look(NamedTuple):
    """Colour, marker and name of a series."""

    colour: tuple[float, float, float]
    marker: str
    name: str

    @property
    def ink(self) -> tuple[float, float, float]:
        """The colour, dark enough for text."""
        r, g, b = self.colour
        return 0.7 * r, 0.7 * g, 0.7 * b


def styled() -> AbstractContextManager[None]:
    """matplotlib's defaults and `STYLE`, whatever the reader's own settings are."""
    return matplotlib.style.context(["default", STYLE])


def looks(series: Iterable[tuple[Series, tuple[Setting, ...]]]) -> dict[Series, Look]:
    """A colour for each method, a marker for each series; known methods look the same in every report.

    The first series of a plugin's method has the marker that the plugin states.
    """
    settings = dict(series)
    palette = [(0.2, 0.2, 0.2), *sns.color_palette("colorblind")]
    known = list(METHODS)
    methods = known + sorted({method for method, _ in settings} - set(known), key=lambda m: (m in BASELINES, m))
    further = itertools.cycle(MARKERS[len(known) :])
    found: dict[Series, Look] = {}
    for one in sorted(settings, key=lambda s: (methods.index(s[0]), str(s[1]))):
        place = methods.index(one[0])
        stated = MARKERS[place] if place < len(known) else plugins.stated("method", one[0], "marker")
        first = stated in MARKERS and one[0] not in {method for method, _ in found}
        marker = stated if first else next(further)
        colour = GREY if one[0] in BASELINES else PALE if AGAINST in one[0] else palette[place % len(palette)]
        mine = found.get((one[0].partition(AGAINST)[0], one[1]))  # whose marker others' settings have, in grey
        found[one] = Look(colour, mine.marker if mine else marker, series_name(one, settings[one]))
    return found


def series_name(series: Series, settings: tuple[Setting, ...]) -> str:
    """`InfoVAE, α = 0.5 (λ)`: the parameter in brackets is the one whose value stands beside a point."""
    strength = next((s.strength for s in settings if s.strength is not None), None)
    name = series_label(series)
    return name if strength is None else f"{name} ({symbol(strength)})"


def series_label(series: Series) -> str:
    """`InfoVAE, α = 0.5`: the method, and what tells the series from the method's others."""
    return ", ".join(filter(None, [method_label(series[0]), params_text(dict(series[1]))]))


def strength_name(setting: Setting) -> str:
    """`λ = 10`: what tells a setting from the others of its series; nothing for a method without a strength."""
    value = setting.strength_value
    return "" if value is None else params_text({setting.strength or "": value})


def shades(colour: tuple[float, float, float], count: int) -> list[dict[str, Any]]:
    """Colour and dashes of the lines of a method's settings, from pale to full, told apart in greyscale by both."""
    dashes = ("-", "--", ":", "-.")
    depth = [1.0] if count == 1 else [0.45 + 0.55 * i / (count - 1) for i in range(count)]
    mixed = [tuple(1 - d * (1 - c) for c in colour) for d in depth]
    return [{"color": c, "linestyle": dashes[i % len(dashes)]} for i, c in enumerate(mixed)]


def settle(figure: Figure) -> None:
    """Lay the figure out once and for all: what is drawn from now on does not move it."""
    for ax in figure.axes:  # what is drawn inside the axes needs no room around them
        for artist in (*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images):
            artist.set_in_layout(artist.get_gid() == OUTSIDE)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine("none")


def wrapped(text: str, inches: float) -> str:
    """A label in as many lines as it takes to be no longer."""
    return "\n".join(textwrap.wrap(text, int(15 * inches), break_on_hyphens=False, break_long_words=False))


def save(figure: Figure, stem: Path, caption: str) -> list[Path]:
    """Write stem.svg and stem.png with the caption inside, without the date and the version that would change bytes."""
    paths = [stem.with_name(f"{stem.name}.svg"), stem.with_name(f"{stem.name}.png")]
    figure.savefig(paths[0], metadata={"Date": None, "Creator": None, "Description": caption})
    figure.savefig(paths[1], metadata={"Software": None, "Description": caption})
    return paths


def learnt(group: Group, known: Callable[[Setting], object] = lambda s: True) -> dict[Series, tuple[Setting, ...]]:
    """The series of a group without its baselines; of each the settings of which something is known, if any."""
    series = {key: tuple(s for s in several if not s.is_baseline and known(s)) for key, several in group.series.items()}
    return {key: settings for key, settings in series.items() if settings}


def side_by_side(count: int) -> int:
    """Of so many columns, those that stand side by side: as many as there is room for that leave few places empty."""
    return count if count <= ACROSS else min((ACROSS, ACROSS - 1, ACROSS - 2), key=lambda wide: -count % wide)


def columns_of(
    count: int, labels: Sequence[str], height: float, *, across: str = "all", own: bool = False
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of so many columns with a panel for each label, `height` inches high: the axes of each, from the top.

    What does not fit side by side stands in a block below. The panels of a row have one scale in all blocks, its label
    and its numbers at the beginning of each; own: each has its own. across: whether "all" panels have one scale across,
    or those of a "column".
    """
    wide, rows = side_by_side(count), len(labels)
    blocks = -(-count // wide)
    size = (min(PAGE, 0.7 + WIDTH * wide), 0.5 + height * rows * blocks)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows * blocks, wide, squeeze=False)
    places = [divmod(i, wide) for i in range(wide * blocks)]
    columns = [list(grid[block * rows : (block + 1) * rows, place]) for block, place in places]
    for i, column in enumerate(columns):
        for row, (ax, label) in enumerate(zip(column, labels, strict=True)):
            ax.set_visible(i < count)
            leader = columns[0][0] if across == "all" else column[0]
            if ax is not leader:
                ax.sharex(leader)
            if not own:
                if i:
                    ax.sharey(columns[0][row])
                ax.tick_params(labelleft=i % wide == 0)
                ax.set_ylabel(wrapped(label, height + 0.1) if i % wide == 0 else "")
    return figure, columns[:count]


def below(columns: Sequence[Sequence[Axes]], label: str) -> None:
    """What the panels have across: the label and the numbers stand below those that have no panel below them."""
    wide = side_by_side(len(columns))
    for i, column in enumerate(columns):
        last = i + wide >= len(columns)
        for ax in column:
            ax.tick_params(labelbottom=last and ax is column[-1])
        if last:
            column[-1].set_xlabel(label)

"""Panels side by side: a column for each series, in blocks where a report has more of them than a page is wide."""

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.aggregate import Group, Series, Setting
from bench.report.style import PAGE

ACROSS = 4  # columns side by side
WIDTH = 1.75  # inches of each


def learnt(group: Group) -> dict[Series, tuple[Setting, ...]]:
    """The series of a group without its baselines."""
    return {key: settings for key, settings in group.series.items() if not settings[0].is_baseline}


def columns_of(
    count: int, labels: Sequence[str], height: float, *, across: str = "all", own: Collection[int] = ()
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of so many columns with a panel for each label, `height` inches high: the axes of each, from the top.

    After ACROSS columns the next ones stand in a block below. The panels of a row have one scale in all blocks, its
    label and its numbers at the beginning of each, but for the rows in `own`. across: whether "all" panels have one
    scale across, or those of a "column".
    """
    wide, rows, blocks = min(count, ACROSS), len(labels), -(-count // ACROSS)
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
            if row not in own:
                if i:
                    ax.sharey(columns[0][row])
                ax.tick_params(labelleft=i % wide == 0)
                ax.set_ylabel(label if i % wide == 0 else "")
    return figure, columns[:count]


def below(columns: Sequence[Sequence[Axes]], label: str) -> None:
    """What the panels have across: the label and the numbers stand below those that have no panel below them."""
    for i, column in enumerate(columns):
        seen = [ax for ax in column if ax.get_visible()]
        last = i + ACROSS >= len(columns)
        for ax in seen:
            ax.tick_params(labelbottom=last and ax is seen[-1])
        if last:
            seen[-1].set_xlabel(label)

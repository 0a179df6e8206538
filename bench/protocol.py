"""How a run is scored: which metric, with which arguments, under which name."""

import inspect
from dataclasses import dataclass
from typing import Any

from bench.plugins import load
from bench.spec import Params

EVALUATION_ROWS = 15_000  # drawn independently, 10,000 to fit on and 5,000 to test on; kept with the run
SHORT = {"n_train": "n"}


@dataclass(frozen=True)
class Protocol:
    """A metric and all of its arguments."""

    metric: str
    params: Params

    @property
    def id(self) -> str:
        """For example `mig:bins20-mean-n10000`; what is False is left out. `mean`: on the posterior means."""
        words = {SHORT.get(name, name): value for name, value in self.params.items() if value is not False}
        stated = {f"{name}{'' if value is True else value}" for name, value in words.items()}
        return f"{self.metric}:{'-'.join(sorted(stated | {'mean'}))}"

    @property
    def call(self) -> Any:
        """The metric itself."""
        return load("metric", self.metric)

    @property
    def on_table(self) -> bool:
        """Whether the metric selects rows from a table of the whole data set, rather than reading a sample of rows."""
        return next(iter(inspect.signature(self.call).parameters)) == "table"

    @property
    def rows(self) -> int:
        """How many evaluation rows it reads; 0 on a table."""
        return 0 if self.on_table else int(self.params["n_train"]) + int(self.params.get("n_test", 0))

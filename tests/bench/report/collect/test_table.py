import math

import numpy as np
import pandas as pd

from bench.quantities import RECON, Quantity
from bench.report.collect.table import VALUES, ValueRows, by_run, run_means

MIG = Quantity("mig", "mig", "mig:bins20")
SAP = Quantity("mig", "sap", "mig:bins20")  # of another metric, but named alike


def table() -> pd.DataFrame:
    rows = ValueRows()
    rows.add("s", 3, {RECON: [20.0], MIG: [0.1, 0.2, 0.4]})
    rows.add("s", 1, {RECON: [21.0], SAP: [0.7]})
    rows.add("t", 3, {MIG: [0.5, 0.6, 0.7]})
    return rows.table()


def test_a_row_per_setting_seed_quantity_and_repeat() -> None:
    found = table()
    assert list(found) == VALUES
    assert found.astype(object).to_numpy().tolist()[:3] == [
        ["s", 3, "", "recon", "", 0, 20.0],
        ["s", 3, "mig", "mig", "mig:bins20", 0, 0.1],
        ["s", 3, "mig", "mig", "mig:bins20", 1, 0.2],
    ]
    assert len(found) == 9


def test_means_are_over_repeats_to_the_last_digit_and_in_order() -> None:
    means = run_means(table())
    assert "repeat" not in means
    assert means["value"].tolist() == [20.0, math.fsum([0.1, 0.2, 0.4]) / 3, 21.0, 0.7, math.fsum([0.5, 0.6, 0.7]) / 3]


def test_without_repeats_the_means_are_the_table() -> None:
    rows = ValueRows()
    rows.add("s", 0, {RECON: [0.1]})
    pd.testing.assert_frame_equal(run_means(rows.table()), rows.table().drop(columns="repeat"))


def test_runs_stand_beside_each_other_by_quantity() -> None:
    runs = by_run(run_means(table()))
    assert runs.index.tolist() == [("s", 1), ("s", 3), ("t", 3)]
    np.testing.assert_array_equal(runs[RECON], [21.0, 20.0, np.nan])
    np.testing.assert_array_equal(runs[SAP], [0.7, np.nan, np.nan])


def test_an_empty_table_has_its_columns() -> None:
    assert list(ValueRows().table()) == VALUES
    assert len(run_means(ValueRows().table())) == 0

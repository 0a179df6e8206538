"""The contract that every plugin keeps, as tests: of this suite's own plugins, and of anyone's.

    from bench.testing import Contract

    class TestMine(Contract):
        methods = ("wae",)
        datasets = ("chirps",)

is a pytest class with a test per plugin and promise. Names are those of the command line: the package is installed and
its entry points are found. `check_method("wae")` and its like run all promises of one plugin, without pytest.
A promise that is not kept is an AssertionError of one line: the plugin, what was found, what was expected. A data set
whose published file is not here is skipped (unittest.SkipTest, which pytest knows), with the way to get the file.
"""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, ClassVar

from bench.testing import _backbones, _datasets, _methods, _metrics, _wrappers
from bench.testing._plugins import CHECKS as GENERAL

__all__ = ["CHECKS", "Contract", "check_backbone", "check_dataset", "check_method", "check_metric", "check_wrapper"]

Check = Callable[[str], None]


def _of(kind: str, check: Callable[[str, str], None]) -> Check:
    @wraps(check)
    def of_kind(name: str) -> None:
        check(kind, name)

    return of_kind


CHECKS: dict[str, tuple[Check, ...]] = {
    kind: (*(_of(kind, check) for check in GENERAL), *own)
    for kind, own in {
        "method": _methods.CHECKS,
        "backbone": _backbones.CHECKS,
        "metric": _metrics.CHECKS,
        "dataset": _datasets.CHECKS,
        "wrapper": _wrappers.CHECKS,
    }.items()
}


class Contract:
    """To be subclassed by a pytest class, which names the plugins: a test for each of them and each promise."""

    methods: ClassVar[Sequence[str]] = ()
    backbones: ClassVar[Sequence[str]] = ()
    metrics: ClassVar[Sequence[str]] = ()
    datasets: ClassVar[Sequence[str]] = ()
    wrappers: ClassVar[Sequence[str]] = ()

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Pytest's hook: a case per plugin and check."""
        if "check" in metafunc.fixturenames:
            cases = [(name, check) for kind in CHECKS for name in getattr(self, f"{kind}s") for check in CHECKS[kind]]
            ids = [f"{name}-{check.__name__}" for name, check in cases]
            metafunc.parametrize(("name", "check"), cases, ids=ids)

    def test_contract(self, name: str, check: Check) -> None:
        """One promise of one plugin."""
        check(name)


def _all(kind: str, name: str) -> None:
    for check in CHECKS[kind]:
        check(name)


check_method, check_backbone, check_metric, check_dataset, check_wrapper = (partial(_all, kind) for kind in CHECKS)

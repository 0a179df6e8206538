"""Ask, carry out, tell: the trials of several methods, as many runs at once as there are slots."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.environment import environment
from bench.execution.job import Job, Result
from bench.execution.session import LOOK, Session
from bench.scoring.protocol import Protocol
from bench.search.objectives import values
from bench.search.trials import MethodSearch, Open
from bench.spec import RunSpec
from bench.store.files import Damaged
from bench.store.runs import Run


class Told(NamedTuple):
    """A trial that has come to its end: its values, or why it failed."""

    search: MethodSearch
    trial: Open
    values: list[float] | None
    reason: str


class Loop:
    """Keeps every slot at work: on runs of trials in hand first, then on a new trial of the method with the fewest.

    Optuna hears of a trial as soon as its last run is stored and before it is asked for another. With one worker the
    proposals are thus the same each time.
    """

    def __init__(self, session: Session, searches: Sequence[MethodSearch], protocols: tuple[Protocol, ...]) -> None:
        self.session, self.searches, self.protocols = session, searches, protocols
        self.submitted: dict[str, tuple[Open, RunSpec]] = {}

    def told(self) -> Iterator[Told]:
        """Every trial as it ends. Ends when the budget of all methods is spent, here or elsewhere, or on a signal."""
        with self.session.opened():
            try:
                while not self.session.interrupted:
                    yield from self._fill()
                    if self.session.interrupted or (not self.session.in_flight and self._spent()):
                        break
                    self._wait(LOOK)
                    yield from self._ended()
            finally:
                while self.session.in_flight:
                    self._wait()
                for search in self.searches:
                    for one in list(search.open.values()):
                        search.close(one)

    def _fill(self) -> Iterator[Told]:
        """Begin runs until there is no room, or none to begin."""
        while self.session.free:
            begun = self._begin()
            ended = list(self._ended())
            yield from ended
            if not begun and not ended and not self._asked():
                return

    def _begin(self) -> bool:
        """Submit a run of the trials in hand; False where there is none, but for those that others have a lease of."""
        for one, spec in self._waiting():
            if one.failure or not self.session.leases.take(spec.key):
                continue
            means = self.session.means
            job = Job(
                *(spec, self.protocols),
                threads=means.threads,
                environment=environment(),
                reproducible=means.reproducible,
            )
            left = self.session.left(job)
            one.waiting.remove(spec)
            if left is None:
                self._settle(one, spec)
                continue
            self.submitted[spec.key] = one, spec
            self.session.submit(left)
            return True
        return False

    def _waiting(self) -> list[tuple[Open, RunSpec]]:
        """Runs that wait, of the trials in hand: the trial that was proposed first before others."""
        waiting = [(one, spec) for s in self.searches for one in s.open.values() for spec in one.waiting]
        return sorted(waiting, key=lambda each: each[0].number)

    def _asked(self) -> bool:
        """Whether there is another trial in hand now."""
        for search in sorted(self.searches, key=lambda s: s.begun()):
            if not self.session.interrupted and search.next() is not None:
                return True
        return False

    def _wait(self, timeout: float | None = None) -> None:
        """Note the results that come back, as the session waits for them."""
        for result in self.session.wait(timeout):
            one, spec = self.submitted.pop(result.job.spec.key)
            self._settle(one, spec, result)

    def _settle(self, one: Open, spec: RunSpec, result: Result | None = None) -> None:
        """Note how a run ended."""
        trouble = result.trouble if result is not None else ""
        record = (
            result.record if result is not None and result.record is not None else self.session.store.record(spec.key)
        )
        if record.status != "done":
            trouble = record.error or record.status
        one.settled[spec.key] = f"seed {spec.seed}: {record.status}: {last_line(trouble)}" if trouble else ""

    def _ended(self) -> Iterator[Told]:
        """Tell Optuna of the trials in hand that are over."""
        for search in self.searches:
            for one in [one for one in search.open.values() if one.over]:
                found, reason = None, one.failure
                if not reason:
                    try:
                        found = values(search.plan.objectives, self._runs(one), self.session.store)
                    except (ValueError, Damaged) as error:
                        reason = last_line(str(error))
                search.tell(one, found, reason)
                yield Told(search, one, found, reason)

    def _spent(self) -> bool:
        return all(search.finished() >= search.plan.budget for search in self.searches)

    def _runs(self, one: Open) -> list[Run]:
        store = self.session.store
        return [Run.read(store.record(s.key), store) for s in one.specs]


def last_line(text: str) -> str:
    """Of a traceback, the line that names the exception."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""

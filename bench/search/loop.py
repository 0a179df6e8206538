"""Ask, carry out, tell: the trials of several methods, as many runs at once as there are slots."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from bench.environment import environment
from bench.execution import pool
from bench.execution.job import Job, Means, Result
from bench.execution.pool import LOCAL
from bench.execution.session import LOOK, Session
from bench.scoring.protocol import Protocol
from bench.search.objectives import values
from bench.search.trials import MethodSearch, Open
from bench.spec import RunSpec
from bench.store.files import Damaged
from bench.store.runs import Run
from bench.store.store import FINAL

Claimed = tuple[MethodSearch, Open, RunSpec]


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

    def __init__(
        self,
        session: Session,
        searches: Sequence[MethodSearch],
        protocols: tuple[Protocol, ...],
        processes: int,
        engine: Mapping[str, str] = LOCAL,
    ) -> None:
        self.session, self.searches, self.protocols = session, searches, protocols
        self.processes, self.engine = processes, engine
        self.flying: dict[Future[Result], Claimed] = {}

    def told(self) -> Iterator[Told]:
        """Every trial as it ends. Ends when the budget of all methods is spent, here or elsewhere, or on a signal."""
        with self.session.opened(), ThreadPoolExecutor(self.processes) as pool:
            try:
                while not self.session.interrupted:
                    yield from self._fill(pool)
                    if self.session.interrupted or (not self.flying and self._spent()):
                        break
                    self._land(LOOK)
                    yield from self._ended()
            finally:
                while self.flying:
                    self._land(None)
                for search in self.searches:
                    for one in list(search.open.values()):
                        search.close(one)

    def _fill(self, pool: ThreadPoolExecutor) -> Iterator[Told]:
        """Begin runs until every slot has one or there is none to begin."""
        while len(self.flying) < self.processes and not self.session.interrupted:
            before = len(self.flying)
            for search, one, spec in self._begun():
                if one.failure:
                    continue
                means = self.session.means
                job = Job(
                    *(spec, self.protocols),
                    environment=environment(),
                    threads=means.threads,
                    reproducible=means.reproducible,
                )
                claimed = self.session.claim(job)
                if claimed is not None:
                    one.waiting.remove(spec)
                    future = pool.submit(carried_out, claimed, means, self.engine)
                    self.flying[future] = search, one, spec
                    break
                if self._done(spec):
                    self._settle(one, spec)
            ended = list(self._ended())
            yield from ended
            if len(self.flying) == before and not ended and not self._asked():
                return

    def _begun(self) -> list[Claimed]:
        """Runs that wait, of the trials in hand: the trial that was proposed first before others."""
        waiting = [(s, one, spec) for s in self.searches for one in s.open.values() for spec in one.waiting]
        return sorted(waiting, key=lambda c: c[1].number)

    def _asked(self) -> bool:
        """Whether there is another trial in hand now."""
        for search in sorted(self.searches, key=lambda s: s.begun()):
            if not self.session.interrupted and search.next() is not None:
                return True
        return False

    def _land(self, timeout: float | None) -> None:
        """Store what has come back; waits for something, but no longer than so many seconds."""
        if not self.flying:
            self.session.ended.wait(timeout)
            return
        done, _ = wait(self.flying, timeout, FIRST_COMPLETED)
        for future in done:
            _, one, spec = self.flying.pop(future)
            result = future.result()
            if self.session.keep(result):
                self._settle(one, spec, result)

    def _settle(self, one: Open, spec: RunSpec, result: Result | None = None) -> None:
        """Note how a run ended."""
        if spec in one.waiting:
            one.waiting.remove(spec)
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

    def _done(self, spec: RunSpec) -> bool:
        """Whether a run that was not to be claimed is over, rather than under way elsewhere."""
        state = self.session.store.state(spec.key)
        return state is not None and state.status in FINAL

    def _runs(self, one: Open) -> list[Run]:
        store = self.session.store
        return [Run.read(store.record(s.key), store) for s in one.specs]


def carried_out(job: Job, means: Means, engine: Mapping[str, str]) -> Result:
    """The result of one job; the process that trained waits for another."""
    (result,) = pool.execute([job], 1, means, engine, dismiss=False)
    return result


def last_line(text: str) -> str:
    """Of a traceback, the line that names the exception."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""

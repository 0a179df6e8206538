"""Where Optuna keeps a search: a journal in the results folder, or any database that Optuna takes."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from bench.errors import BenchError
from bench.store.atomic import unlinked
from bench.store.searches import FOLDER

JOURNAL = "journal.log"
GRACE = 30  # seconds after which a lock that nobody has touched is a dead process's
TIMEOUT = 10  # seconds to reach a PostgreSQL server
LOST: tuple[type[Exception], ...] = (StorageInternalError, sqlalchemy.exc.SQLAlchemyError)
ATTEMPTS, PAUSE = 5, 0.5  # to make tables that another process makes at the same time; seconds
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
EXAMPLES = "postgresql://user@host/name or sqlite:///file.db"


def opened(root: Path, url: str | None) -> BaseStorage:
    """The storage of searches: by default a journal in the results folder, which several processes may share.

    BenchError, in one line and without a password, where a database cannot be reached, or the journal is none.
    """
    if url is None:
        path = unlinked(root, f"{FOLDER}/{JOURNAL}")
        if path.exists() and not path.is_file():
            raise BenchError(f"{path}: cannot be read as Optuna's journal: it is no file")
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = JournalFileOpenLock(str(path), GRACE)
        _release(path.with_name(f"{JOURNAL}.lock"))
        try:
            _mend(path, lock)
            return JournalStorage(JournalFileBackend(str(path), lock))
        except (
            Exception
        ) as error:  # Optuna replays lines without checking them: what an odd one raises is anyone's guess
            reason = f"{type(error).__name__}: {error}"
            raise BenchError(f"{path}: cannot be read as Optuna's journal: {reason}") from None
    target = _url(url)
    arguments = {"connect_timeout": TIMEOUT} if target.get_backend_name() == "postgresql" else {}
    with refusals(url, ImportError):
        return optuna.storages.get_storage(_database(target.render_as_string(hide_password=False), arguments))


@contextlib.contextmanager
def refusals(url: str | None, *further: type[Exception]) -> Iterator[None]:
    """Turns what a database refuses, and exceptions of these further types, into a BenchError."""
    try:
        yield
    except (*LOST, *further) as error:
        if url is None:
            raise
        target = _url(url)
        shown = target.render_as_string(hide_password=True)
        missing = isinstance(error, ImportError | sqlalchemy.exc.NoSuchModuleError)
        hint = "; pip install 'disentanglement-bench[postgres]'" if missing and "postgres" in shown else ""
        reason = _reason(error, str(target.password or ""))
        raise BenchError(f"storage={shown}: cannot be used: {reason}{hint}") from None


def _database(url: str, arguments: dict[str, int]) -> RDBStorage:
    """The database, with Optuna's tables; tries again where another process has begun to make them."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError):
            return RDBStorage(url, engine_kwargs={"connect_args": arguments})
        time.sleep(PAUSE)
    return RDBStorage(url, engine_kwargs={"connect_args": arguments})


def _url(given: str) -> sqlalchemy.URL:
    """The URL, with the driver of the extra `postgres` where it names none."""
    try:
        target = sqlalchemy.make_url(given)
    except sqlalchemy.exc.ArgumentError:
        raise BenchError(f"storage: not the URL of a database; expected one such as {EXAMPLES}") from None
    return target.set(drivername=DRIVERS.get(target.drivername, target.drivername))


def _reason(error: BaseException, password: str) -> str:
    """The first line of what the driver said."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    inner = getattr(cause, "orig", None) or cause
    line = (str(inner).strip() or type(inner).__name__).splitlines()[0]
    return line.replace(password, "***") if password else line


def _release(lock: Path) -> None:
    """Remove a lock that is a link to nowhere, as earlier versions left them: Optuna would wait for it for ever."""
    while os.path.islink(lock) and not lock.exists():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - os.lstat(lock).st_mtime > GRACE:
                lock.unlink()
            else:
                time.sleep(PAUSE)


def _mend(path: Path, lock: JournalFileOpenLock) -> None:
    """Drop a last line that was not written to its end, as on a full disk: what came after would be lost with it."""
    if not path.exists():
        return
    lock.acquire()
    try:
        with path.open("rb+") as journal:
            content = journal.read()
            if not content.endswith(b"\n"):
                journal.truncate(content.rfind(b"\n") + 1)
                os.fsync(journal.fileno())
    finally:
        lock.release()

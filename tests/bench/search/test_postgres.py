"""A search kept by a PostgreSQL server: a real one, begun here on loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from bench.store.searches import read

pytest.importorskip("psycopg", reason="psycopg is not installed (extra: postgres)")


def binary(name):
    """Where a program of PostgreSQL lies, or None."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(places[-1]) if places else None)


def unprivileged(folder):
    """The words before a command that has it run by an ordinary user, who owns the folder: initdb refuses root."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent in [folder, *folder.parents]:
        if not os.access(parent, os.X_OK) or not parent.stat().st_mode & 0o001:
            pytest.skip(f"{parent}: the user nobody cannot enter it")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@pytest.fixture
def server():
    """The URL of a database of a server of its own."""
    if not (binary("initdb") and binary("pg_ctl")):
        pytest.skip("PostgreSQL is not installed")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed, and PostgreSQL refuses to run as root")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        by = unprivileged(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data = folder / "data"
        call = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*by, binary("initdb"), "-D", data, "-U", "tester", "--auth=trust", "--no-sync"], **call)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        control = [*by, binary("pg_ctl"), "-D", str(data), "-w"]
        subprocess.run([*control, "-o", options, "-l", str(folder / "log"), "start"], **call)
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        subprocess.run([*control, "-m", "immediate", "stop"], **call)


def test_two_processes_share_a_search_in_postgresql(server, begin, search, store, found):
    arguments = ("--methods", "betavae", "--trials", 4, "--storage", server)
    both = [begin(*arguments) for _ in range(2)]
    for process in both:
        out, _ = process.communicate(timeout=600)
        assert process.returncode == 0, out
    one = found()["betavae"]
    assert [trial.state for trial in one.trials] == ["done"] * 4
    assert [trial.number for trial in one.trials] == [0, 1, 2, 3]
    assert not (store.root / "searches" / "journal.log").exists()
    search("--methods", "betavae", "--trials", 4, "--seeds-per-trial", 1, "--out", "results/journal")
    (other,) = read(Path("results/journal"))
    assert [t.params for t in other.trials] == [t.params for t in one.trials]

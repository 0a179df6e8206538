"""Files from a real server on loopback: whole, cut, wrong, absent."""

import dataclasses
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from bench.data import shapes3d
from bench.data._files import fetch as module
from bench.data._files.about import File
from bench.data._files.fetch import fetch
from bench.data._files.original import place
from bench.errors import BenchError

CONTENT = np.random.default_rng(0).bytes(300_000)
SIZE = len(CONTENT)


class Server(ThreadingHTTPServer):
    """Serves `content` at /files/thing.bin; the first `cuts` answers end after `cut_at` of their bytes."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.cut_at, self.ranges, self.asked = CONTENT, 0, 100_000, True, []

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append(wanted)
        if self.path != "/files/thing.bin":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and server.ranges else 0
        total = len(server.content)
        if start >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cuts:
            server.cuts -= 1
            body = body[: server.cut_at]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "TRIES", 2)
    monkeypatch.setattr(module, "WAIT", 0.01)
    monkeypatch.setattr(module, "CHUNK", 1000)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def about(server, content=CONTENT, size=SIZE, name="thing.bin"):
    url = f"http://127.0.0.1:{server.server_port}/files/{name}"
    file = File(name, url, f"sha256:{hashlib.sha256(content).hexdigest()}", size)
    return dataclasses.replace(shapes3d.ABOUT, files=(file,))


def left():
    """What lies in the data set's folder, but for locks."""
    return sorted(path.name for path in place("thing").iterdir() if path.suffix != ".lock")


def refused(*arguments):
    with pytest.raises(BenchError) as caught:
        fetch("thing", *arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_whole_file(server):
    seen = []
    (path,) = fetch("thing", about(server), progress=lambda at, of: seen.append((at, of)))
    assert path == place("thing") / "thing.bin"
    assert path.read_bytes() == CONTENT
    assert left() == ["thing.bin"]
    assert seen[-1] == (300_000, 300_000)
    fetch("thing", about(server))
    assert server.asked == [None]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_of_unknown_size_has_a_bound(server, monkeypatch, ranges):
    """Whether the server says how much there is to come, or goes on and on."""
    known = about(server, size=None)
    bounded = dataclasses.replace(known, files=(dataclasses.replace(known.files[0], most=SIZE - 1),))
    if not ranges:
        monkeypatch.setattr(module, "_total", lambda start, length: None)
    assert ("at most 299,999" if ranges else "more than the 299,999 bytes expected") in refused(bounded)
    assert left() == []
    exact = dataclasses.replace(known, files=(dataclasses.replace(known.files[0], most=SIZE),))
    assert [path.read_bytes() for path in fetch("thing", exact)] == [CONTENT]


def test_an_md5_and_no_known_size(server):
    facts = about(server, size=None)
    file = dataclasses.replace(facts.files[0], hash=f"md5:{hashlib.md5(CONTENT).hexdigest()}")
    (path,) = fetch("thing", dataclasses.replace(facts, files=(file,)))
    assert path.read_bytes() == CONTENT


def test_a_cut_connection_is_gone_on_with(server):
    server.cuts = 2
    (path,) = fetch("thing", about(server))
    assert path.read_bytes() == CONTENT
    assert [wanted and wanted.partition("=")[0] for wanted in server.asked] == [None, "bytes", "bytes"]
    starts = [int(wanted[6:-1]) for wanted in server.asked[1:]]
    assert starts == [100_000, 200_000]


def test_a_later_command_goes_on(server):
    server.cuts, server.cut_at = 1, 120_000
    facts = about(server)

    def stop(at, of):
        if at > 50_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("thing", facts, progress=stop)
    assert [name.endswith(".part") for name in left()] == [True]
    kept = (place("thing") / left()[0]).stat().st_size
    assert 50_000 < kept < 120_000
    (path,) = fetch("thing", facts)
    assert path.read_bytes() == CONTENT
    assert server.asked[1] == f"bytes={kept}-"


def test_what_is_kept_is_told_when_no_byte_comes_any_more(server):
    server.cuts, server.cut_at = 1, 100_000
    real = Handler.do_GET

    def then_nothing(self):
        if self.headers.get("Range"):
            self.close_connection = True
            return
        real(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Handler, "do_GET", then_nothing)
        line = refused(about(server))
    assert "100,000 bytes are kept, and the same command goes on there" in line
    assert "by hand, and --mirror URL" in line
    assert "thing.bin" not in left()
    assert fetch("thing", about(server))[0].read_bytes() == CONTENT


def test_a_server_without_ranges_begins_anew(server):
    server.cuts, server.ranges = 1, False
    assert fetch("thing", about(server))[0].read_bytes() == CONTENT


def test_a_part_that_is_whole_or_too_long(server):
    for extra in (b"", b"more"):
        facts = about(server, size=None)
        place("thing").mkdir(parents=True, exist_ok=True)
        (place("thing") / f"thing.bin.{facts.files[0].hash[-8:]}.part").write_bytes(CONTENT + extra)
        (path,) = fetch("thing", facts)
        assert path.read_bytes() == CONTENT
        path.unlink()


def test_another_hash_is_refused_and_not_kept(server):
    server.content = bytes(len(CONTENT))
    assert "is not the published thing.bin" in refused(about(server))
    assert left() == []
    server.content = CONTENT
    assert fetch("thing", about(server))[0].read_bytes() == CONTENT


@pytest.mark.parametrize("change", [lambda x: x[:-1], lambda x: x + b"!"], ids=["shorter", "longer"])
def test_another_size_is_refused_before_the_bytes_come(server, change):
    server.content = change(CONTENT)
    assert "bytes, expected 300,000" in refused(about(server))
    assert left() == []


def test_a_disk_that_is_too_full(server, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert "300,000 bytes are to come, and 1,000 are free there" in refused(about(server))
    assert left() == []


def test_a_page_that_is_not_there(server):
    line = refused(about(server, name="other.bin"))
    assert "404" in line
    assert f"other.bin can be put into {place('thing')} by hand" in line
    assert left() == []


def test_no_server_at_all(server):
    facts = about(server)
    file = dataclasses.replace(facts.files[0], url="http://127.0.0.1:9/thing.bin")
    assert "cannot get http://127.0.0.1:9/thing.bin" in refused(dataclasses.replace(facts, files=(file,)))


def test_a_mirror(server):
    facts = about(server)
    file = dataclasses.replace(facts.files[0], url="http://127.0.0.1:9/gone.bin")
    mirror = f"http://127.0.0.1:{server.server_port}/files/"
    (path,) = fetch("thing", dataclasses.replace(facts, files=(file,)), mirror)
    assert path.read_bytes() == CONTENT


def test_a_wrong_file_put_there_by_hand_is_not_overwritten(server):
    place("thing").mkdir(parents=True)
    (place("thing") / "thing.bin").write_bytes(b"mine")
    assert "it has 4 bytes, expected 300000; remove it and fetch it again" in refused(about(server))
    assert (place("thing") / "thing.bin").read_bytes() == b"mine"


def test_the_commands(server, bench, monkeypatch, tmp_path):
    monkeypatch.setattr(shapes3d, "ABOUT", about(server))
    _, listed, _ = bench("data", "list")
    assert "not present: python -m bench data fetch shapes3d" in listed
    code, out, _ = bench("data", "fetch", "shapes3d")
    assert code == 0
    assert f"{place('shapes3d') / 'thing.bin'}: checked, the published file" in out
    assert "licence: Apache-2.0" in out
    assert f"present in {place('shapes3d')}" in bench("data", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("sprites32",), "is made here, there is nothing to fetch"),
        (("shape3d",), "did you mean shapes3d?"),
        (("shapes3d", "--mirror", "ftp://x"), "mirror=ftp://x: expected an address that begins with http"),
    ],
)
def test_mistakes(bench, arguments, line):
    code, _, err = bench("data", "fetch", *arguments)
    assert code == 2
    assert line in err

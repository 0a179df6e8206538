"""Files whose hashes are right and that are not what a run's files must be."""

import io
import struct
import zipfile
import zlib

import msgspec
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save

from bench.spec import Record, Repeat, RunSpec, ScoreFile
from bench.store import parse
from bench.store.files import Damaged


@pytest.fixture
def run(spec_of):
    spec = spec_of()
    return Record(key=spec.key, spec=spec, status="done", factors=["shape", "scale"])


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def codes(**changes):
    mu = np.zeros((5, 3), np.float32)
    return {"mu": mu, "logvar": mu, "v": np.zeros((5, 2), np.int64), "index": np.arange(5)} | changes


def test_codes_are_read_as_they_were_written(run):
    found = parse.posterior(npz(**codes(numbers=np.zeros((5, 2)))), run, "x")
    assert found.keys() == {"mu", "logvar", "v", "index", "numbers"}


@pytest.mark.parametrize(
    "changes",
    [
        {"mu": np.zeros((5, 4), np.float32), "logvar": np.zeros((5, 4), np.float32)},  # other dimensions than the run's
        {"mu": np.zeros((4, 3), np.float32)},
        {"mu": np.zeros(5, np.float32)},
        {"mu": np.zeros((5, 3), np.int64)},
        {"mu": np.full((5, 3), np.nan, np.float32)},
        {"mu": np.array([["text"] * 3] * 5)},
        {"logvar": np.full((5, 3), np.nan, np.float32)},
        {"v": np.zeros((5, 2))},
        {"v": np.zeros((5, 3), np.int64)},  # another number of factors than the run's
        {"v": np.zeros((5, 0), np.int64)},
        {"v": np.full((5, 2), -2)},
        {"v": np.full((5, 2), 10**15)},  # whatever counts values would fill the memory
        {"index": np.arange(6)},
        {"numbers": np.zeros((5, 3))},
        {"another": np.zeros(3)},
        {name: array[:0] for name, array in codes().items()},
    ],
)
def test_what_are_no_codes(run, changes):
    with pytest.raises(Damaged, match=r"^x: "):
        parse.posterior(npz(**codes(**changes)), run, "x")


def test_codes_that_are_not_all_there(run):
    arrays = codes()
    del arrays["v"]
    with pytest.raises(Damaged, match="holds index, logvar, mu; expected mu, logvar, v, index"):
        parse.posterior(npz(**arrays), run, "x")


def bomb():
    """A few thousand bytes that unfold to a hundred million."""
    content, rows = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(rows, {"descr": "|u1", "fortran_order": False, "shape": (10**8,)})
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mu.npy", rows.getvalue() + bytes(10**8))
    return content.getvalue()


def test_an_archive_that_unfolds_to_more_than_it_is():
    with pytest.raises(Damaged, match=r"x: \d{4,6} bytes would unfold to 100000128"):
        parse.arrays(bomb(), "x")


def header(shape, descr="'<f4'"):
    """An npz file of one array that states this shape and has no row."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mu.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text + b"\n")
    return content.getvalue()


NO_ARCHIVES = {
    "empty": b"",
    "a beginning": b"PK\x03\x04",
    "no tuple": header(10**6),
    "larger than any memory": header((10**15,)),
    "larger than any address": header((10**9, 10**9, 10**9)),
    "less than none": header((-1,)),
    "nested": header("(" * 90 + ")" * 90),
    "objects stated": header((3,), "'|O'"),
    "half a header": header((3,), "{"),
    "objects": npz(mu=np.array([{}], dtype=object)),
    "cut": npz(mu=np.arange(9))[:-30],
}


@pytest.mark.parametrize("content", NO_ARCHIVES.values(), ids=NO_ARCHIVES.keys())
def test_what_is_no_archive_of_arrays(content):
    with pytest.raises(Damaged, match=r"^x: "):
        parse.arrays(content, "x")


NO_TENSORS = {
    "empty": b"",
    "noise": b"\xff" * 99,
    "cut": save({"a": np.zeros(3)})[:-1],
    "unknown type": save({"a": np.zeros(3)}).replace(b'"F64"', b'"F99"'),
    "no type of numpy's": save({"a": np.zeros(3, np.float16)}).replace(b'"F16"', b'"B16"'),
    "another shape": save({"a": np.zeros(3)}).replace(b"[3]", b"[4]"),
    "a long header": struct.pack("<Q", 2**60) + b"{}",
}


@pytest.mark.parametrize("content", NO_TENSORS.values(), ids=NO_TENSORS.keys())
def test_what_are_no_tensors(content):
    with pytest.raises(Damaged, match=r"^x: "):
        parse.weights(content, "x")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("step,loss\n1," + "9" * 131_073 + "\n", "field"),
        ("step,loss\n1," + "9" * 1001 + "\n", "a field of 1001 characters"),
        ("update,loss\n1,2\n", "expected rows with a growing number of updates in the column step"),
        ("step,loss\n,2\n", "in the column step"),
        ("step,loss\nnan,2\n", "in the column step"),
        ("step,loss\n2,2\n1,2\n", "growing number"),
        ("step,loss\n1e300,2\n", "a number beyond 1e[+]100"),
        ("step,loss\n", "in the column step"),
        ("step,step\n1,2\n", "names, each once"),
        ("step,loss\n1\n", "shorter"),
        ("step,loss\n1,two\n", "two"),
        ("", "in the column step"),
    ],
)
def test_what_is_no_history(text, told):
    with pytest.raises(Damaged, match=f"^x: .*{told}"):
        parse.history(text.encode(), "x")


def test_bytes_that_are_no_text_are_no_history():
    with pytest.raises(Damaged, match=r"^x: .*utf-8"):
        parse.history(b"step\n\xff\n", "x")


def test_a_history_may_have_gaps_and_end_in_what_is_no_number():
    assert parse.history(b"step,a\n1,\n2,inf\n", "x") == [{"step": 1.0}, {"step": 2.0, "a": float("inf")}]


def png(width=4, height=2, mode="L"):
    content = io.BytesIO()
    Image.new(mode, (width, height)).save(content, "PNG")
    return content.getvalue()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def picture_bomb():
    """A hundred bytes that state ten thousand million pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0))
    return png()[:8] + head + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")


def test_a_picture_is_read_in_greys_or_colours():
    assert parse.picture(png(), "x").shape == (2, 4)
    assert parse.picture(png(mode="RGB"), "x").shape == (2, 4, 3)


NO_PICTURES = {
    "bomb": (picture_bomb(), "a picture of 100000 x 100000 pixels"),
    "palette": (png(mode="P"), "a picture of kind P; expected L or RGB"),
    "cut": (png()[:-30], ""),
    "a beginning": (png()[:30], ""),
    "empty": (b"", ""),
    "another format": (b"GIF89a" + bytes(50), ""),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("content", "told"), NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_what_is_no_picture(content, told):
    with pytest.raises(Damaged, match=f"^x: {told}"):
        parse.picture(content, "x")


def score(**changes):
    made = {"repeat": 0, "values": {"mig": 0.5}} | changes
    return {"protocol": "mig:x", "metric": "mig", "params": {}, "repeats": [made]}


@pytest.mark.parametrize(
    "lie",
    [
        score(matrices={"importance": [[1.0, 2.0], [3.0]]}),
        score(matrices={"importance": []}),
        score(matrices={"importance": [[]]}),
        score(per_factor={"mig": [0.1], "gap": [0.1, 0.2]}),
        score(values={"mig": 1e101}),
        score(values={"mig": "high"}),
        score(values={"m" * 1001: 0.5}),
        score(repeat=-1),
        score() | {"repeats": []},
        score() | {"protocol": "p" * 1001},
        score() | {"params": {"bins": 10**30}},
        score() | {"further": 1},
    ],
)
def test_what_are_no_scores(lie):
    with pytest.raises(Damaged, match=r"^x: "):
        parse.scores({"x": msgspec.json.encode(lie)})


def test_a_protocol_has_one_file():
    content = msgspec.json.encode(score())
    assert parse.scores({"x": content}) == [
        ScoreFile(protocol="mig:x", metric="mig", params={}, repeats=[Repeat(repeat=0, values={"mig": 0.5})])
    ]
    with pytest.raises(Damaged, match="y: mig:x is scored in another file too"):
        parse.scores({"x": content, "y": content})


def restated(run, path, value):
    """The record as JSON with one value altered; the key is the altered spec's."""
    what = msgspec.to_builtins(run)
    at = what
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    if path[0] == "spec":
        what["key"] = msgspec.convert(what["spec"], RunSpec, strict=False).key if value != 10**30 else run.key
    return msgspec.json.encode(what)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "seed"), 10**30),
        (("spec", "z_dim"), 10**30),
        (("diagnostics", "recon"), 1e200),
        (("diagnostics", "kl_per_dimension"), [1.0, 2.0]),
        (("diagnostics", "kl_per_dimension"), 1.0),
        (("evaluation", "rows"), "many"),
        (("evaluation", "rows"), -1),
        (("factors",), ["f" * 1001]),
        (("status",), "perfect"),
        (("cost",), {"updates": [[1]]}),
    ],
)
def test_what_is_no_record(run, path, value):
    with pytest.raises(Damaged, match=r"^x: "):
        parse.record(restated(run, path, value), run.key, "x")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 10**5, b'{"key": ' + b"[" * 10**5])
def test_json_of_another_kind(content):
    for kind in (Record, ScoreFile):
        with pytest.raises(Damaged, match=r"^x: "):
            parse.decode(content, kind, "x")


def test_a_record_is_its_own_run_s(run, spec_of):
    other = spec_of(seed=1)
    assert parse.record(msgspec.json.encode(run), run.key, "x") == run
    for lie in ({"spec": other}, {"key": other.key}):  # either would give one run's numbers another's name
        with pytest.raises(Damaged, match="describes another run"):
            parse.record(msgspec.json.encode(msgspec.structs.replace(run, **lie)), run.key, "x")

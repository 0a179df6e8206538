"""bench data info and bench data export."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data._files import export as module
from bench.datasets import data_spec, load_dataset

CASES = Path(__file__).parents[2] / "data/own"


def test_info_says_what_there_is(bench, toy, tmp_path):
    code, out, err = bench("data", "info", "toy", "--out", "sheet.png")
    assert (code, err) == (0, "")
    assert f"toy: {len(toy):,} images of {' x '.join(map(str, toy.shape))}" in out
    assert "each combination of factors once:" in out
    for name, size in zip(toy.names, toy.sizes, strict=True):
        assert any(line.split() == [name, str(size)] for line in out.splitlines())
    assert f"likelihood {toy.likelihood}" in out
    assert f"sha256 {toy.sha256}\n" in out
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.format == "PNG"
        assert len(np.unique(np.asarray(image.convert("L")))) > 1


def test_info_of_a_data_set_that_is_set_and_wrapped(bench):
    code, out, _ = bench(
        *("data", "info", "waveforms", "--set", "waveforms.length=32"),
        *("--wrap", "split", "--set", "split.train=0.5", "--out", "sheet.png"),
    )
    assert code == 0
    assert "19,200 sequences of 1 x 32" in out
    assert "(before wrappers)" in out
    assert "part test: " in out


@pytest.mark.parametrize("name", ["toy", "waveforms", "sentences", "sprites32"])
def test_what_is_exported_is_the_data_set(bench, installed, tmp_path, name):
    code, out, _ = bench("data", "export", name, "out.npz")
    assert code == 0
    data = load_dataset(data_spec(name, {}))
    assert f"out.npz: {name}, {len(data):,} rows, " in out
    with np.load(tmp_path / "out.npz", allow_pickle=False) as held:
        assert set(held) - {"unordered"} == {"x", "v", "names", "sizes", "kind", "likelihood"}
        assert tuple(held["unordered"].tolist() if "unordered" in held else ()) == data.unordered
        np.testing.assert_array_equal(held["v"], data.v)
        assert tuple(held["names"].tolist()) == data.names
        assert tuple(held["sizes"].tolist()) == data.sizes
        x = held["x"]
    assert x.shape == (len(data), *data.shape)
    rows = np.linspace(0, len(data) - 1, 500).astype(int)
    scale = 255 if x.dtype == np.uint8 and not data.packed else 1
    np.testing.assert_array_equal(x[rows].astype(np.float32) / np.float32(scale), data.x(rows))
    assert sorted(path.name for path in tmp_path.glob("*.npz*")) == ["out.npz"]


def test_images_are_put_together_in_blocks(toy, tmp_path, monkeypatch):
    """No block holds more rows than fit its bytes; their edges do not show."""
    asked = []
    inner = module.stored
    monkeypatch.setattr(module, "BLOCK_BYTES", 7 * 4 * int(np.prod(toy.shape)))
    monkeypatch.setattr(module, "stored", lambda data, rows: (asked.append(len(rows)), inner(data, rows))[1])
    module.export(toy, tmp_path / "out.npz")
    assert max(asked) == 7
    assert sum(asked) == len(toy) + 1
    with np.load(tmp_path / "out.npz") as held:
        np.testing.assert_array_equal(held["x"], inner(toy, np.arange(len(toy))))


def test_an_export_that_fails_leaves_nothing(toy, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(module.BenchError, match=r"out=.*: cannot be written: No space left on device"):
        module.export(toy, tmp_path / "out.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("info", "toyy"), "unknown dataset 'toyy': choose from "),
        (("info", "toy", "--wrap", "nois"), "unknown wrapper 'nois': choose from "),
        (("info", "toy", "--set", "waveforms.length=3"), "set=waveforms.length=3: expected an argument of toy"),
        (("info", "waveforms", "--set", "waveforms.length=x"), "waveforms.length=x: expected an int"),
        (("info", "sprites32", "--set", "sprites32.source=a"), "sprites32.source=a: sprites32 is made"),
        (("info", "dsprites", "--set", "dsprites.source=none.npz"), "source: no file none.npz"),
        (("info", "toy", "--out", "a.jpg"), "out=a.jpg: expected a name that ends in .png"),
        (("info", "toy", "--out", "none/a.png"), "out=none/a.png: expected a name that ends in .png, in a folder"),
        (("export", "toy", "a.csv"), "out=a.csv: expected a name that ends in .npz"),
        (("export", "toy", "none/a.npz"), "out=none/a.npz: cannot be written: No such file or directory"),
    ],
)
def test_mistakes(bench, arguments, message):
    code, out, err = bench("data", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_nothing_is_overwritten(bench, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"mine")
    code, _, err = bench("data", "export", "toy", "a.npz")
    assert (code, err) == (2, "error: out=a.npz: is there already; remove it, or choose another name\n")
    assert (tmp_path / "a.npz").read_bytes() == b"mine"


def test_info_says_how_a_table_was_read(bench, tmp_path):
    given = ("--set", "table.factors=kind,y", "--set")
    code, out, _ = bench("data", "info", "table", *given, f"table.source={CASES / 'slip-na.csv'}")
    assert (code, "  note: column 'y': 'n/a' (1 row) read as missing\n" in out) == (0, True)
    code, out, _ = bench("data", "info", "table", *given, f"table.source={CASES / 'not-a-grid.csv'}")
    assert (code, "  not each combination of factors once:\n" in out) == (0, True)
    code, _, err = bench("data", "info", "table", *given, f"table.source={CASES / 'slip-letter.csv'}")
    assert (code, err.count("\n")) == (2, 1)
    assert "column 'y', row 8 is '1.O'" in err


def test_names_are_printed_in_characters_that_show(bench, tmp_path):
    (tmp_path / "t.csv").write_text("f,a\x1b[31m\n1,x\n2,y\n3,N/A\n5,x\n")
    code, out, _ = bench("data", "info", "table", "--set", "table.source=t.csv", "--set", "table.factors=a\x1b[31m")
    assert (code, r"a\x1b[31m" in out, "\x1b" in out) == (0, True, False)
    code, _, err = bench("data", "info", "table", "--set", "table.source=t.csv", "--set", "table.factors=b\x1b[31m")
    assert (code, r"'b\x1b[31m'" in err, "\x1b" in err) == (2, True, False)


def test_a_source_at_home(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "t.csv").write_text("f,a\n1,x\n2,y\n3,x\n5,x\n")
    given = ("--set", "table.source=~/t.csv", "--set", "table.factors=a")
    code, out, _ = bench("data", "info", "table", *given, "--out=~/sheet.png")
    assert (code, "table: 4 vectors of 1" in out) == (0, True)
    assert (tmp_path / "sheet.png").is_file()

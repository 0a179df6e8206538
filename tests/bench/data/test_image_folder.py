"""Folders of images of a user's own."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from own import refused, squares, write_csv
from PIL import Image

from bench import plugins
from bench.data._own.squared import squared
from bench.data.image_folder import image_folder
from bench.errors import BenchError
from bench.scoring.protocol import Facts, protocols_of

CASES = Path(__file__).parents[2] / "data/own"


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def folder(tmp_path):
    return squares(tmp_path / "mine")


def pixels(folder, name):
    return np.asarray(Image.open(folder / name))


def test_a_folder_is_images_and_factors(folder, capfd):
    data = image_folder(source=folder)
    assert (data.names, data.sizes) == (("column", "row", "shade"), (4, 3, 2))
    assert (data.shape, data.kind, data.likelihood) == ((1, 32, 32), "image", "bernoulli")
    assert not data.sampled, "each combination once"
    for i in (0, 7, 23):
        np.testing.assert_array_equal(data.x(np.array([i]))[0, 0], pixels(folder, f"{i:03}.png") / np.float32(255))
    assert "Reading " in capfd.readouterr().err
    again = image_folder(source=folder / "factors.csv")
    assert capfd.readouterr().err == "", "they are decoded once"
    assert again.sha256 == data.sha256
    assert isinstance(again.observations, np.memmap)


def test_a_file_that_changes_is_noticed(folder):
    before = image_folder(source=folder)
    inverted = 255 - pixels(folder, "003.png")
    Image.fromarray(inverted).save(folder / "003.png")
    status = (folder / "003.png").stat()
    os.utime(folder / "003.png", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    after = image_folder(source=folder)
    assert after.sha256 != before.sha256
    np.testing.assert_array_equal(after.x(np.array([3]))[0, 0], inverted / np.float32(255))


def test_a_folder_without_a_table_is_images_without_factors(folder, capfd):
    (folder / "factors.csv").unlink()
    (folder / "more").mkdir()
    (folder / "000.png").rename(folder / "more" / "z.PNG")
    (folder / "notes.txt").write_text("no image")
    data = image_folder(source=folder)
    assert (len(data), data.names, data.v.shape, len(data.complete)) == (24, (), (24, 0), 0)
    np.testing.assert_array_equal(data.x(np.array([0]))[0, 0], pixels(folder, "001.png") / np.float32(255))
    assert f"Reading {folder}, once" in capfd.readouterr().err
    facts = Facts.of(data)
    (mig,) = protocols_of(["mig"], {}, ["mean"], facts)
    assert (facts.rows, mig.lacking) == (0, "the data set has no factors")
    assert refused(image_folder, folder, factors="x") == f"image_folder.factors=x: {folder} has no factors.csv"
    assert refused(image_folder, folder, ordered="x") == f"image_folder.ordered=x: {folder} has no factors.csv"


def test_a_touched_file_is_the_same_data(folder):
    before = image_folder(source=folder)
    os.utime(folder / "003.png", ns=(0, 0))
    assert image_folder(source=folder).sha256 == before.sha256


def test_factors_are_part_of_what_it_is(folder):
    whole, less = image_folder(source=folder), image_folder(source=folder, factors="column,row")
    assert len({whole.sha256, less.sha256, image_folder(source=folder, categorical="column").sha256}) == 3
    assert less.sampled
    np.testing.assert_array_equal(less.observations, whole.observations)


@pytest.mark.parametrize(
    ("mode", "ending"),
    [("RGB", "png"), ("P", "png"), ("1", "png"), ("RGBA", "png"), ("LA", "png"), ("RGB", "bmp"), ("P", "tiff")],
)
def test_modes_of_images(tmp_path, mode, ending):
    """Grey, RGB, black and white, palettes, and channels of transparency where nothing is transparent."""
    folder = squares(tmp_path / "mine")
    for path in folder.glob("*.png"):
        Image.open(path).convert("L" if mode == "LA" else "RGB").convert(mode).save(path.with_suffix(f".{ending}"))
    names = [f"{i:03}.{ending}" for i in range(24)]
    write_csv(folder / "other.csv", {"file": names, "column": [i // 6 for i in range(24)]})
    data = image_folder(source=folder / "other.csv")
    grey = mode in ("1", "LA")
    assert data.shape == (1 if grey else 3, 32, 32)
    x = (data.x(np.array([13]))[0] * 255).round()
    expected = np.asarray(Image.open(folder / names[13]).convert("L" if grey else "RGB"))
    np.testing.assert_array_equal(x, expected[None] if grey else np.moveaxis(expected, 2, 0))


def test_images_are_resampled_if_asked(tmp_path):
    folder = squares(tmp_path / "big", side=100, mode="RGB")
    Image.open(folder / "004.png").resize((50, 50)).save(folder / "004.png")
    data = image_folder(source=folder, size=64)
    assert data.shape == (3, 64, 64)
    expected = np.asarray(Image.open(folder / "009.png").resize((64, 64), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal((data.x(np.array([9]))[0] * 255).round(), np.moveaxis(expected, 2, 0))
    assert refused(image_folder, folder).endswith(
        "column 'file', row 1: '000.png' is 100 x 100: expected 32 x 32 or 64 x 64, or image_folder.size=32 or size=64 "
        "to resample"
    )
    assert "image_folder.size=48: expected 32 or 64" in refused(image_folder, folder, size=48)


@pytest.mark.parametrize("fit", ["crop", "resize", "pad"])
def test_images_of_any_two_sides(tmp_path, fit):
    """Of CelebA's size, and among them one that is wide."""
    folder = squares(tmp_path / "faces", mode="RGB")
    for i, path in enumerate(sorted(folder.glob("*.png"))):
        Image.open(path).resize((218, 178) if i == 5 else (178, 218)).save(path)
    data = image_folder(source=folder, size=64, fit=fit)
    assert (data.shape, len(data)) == ((3, 64, 64), 24)
    expected = squared(np.moveaxis(pixels(folder, "007.png"), 2, 0), 64, fit)
    np.testing.assert_array_equal((data.x(np.array([7]))[0] * 255).round(), expected)
    assert "000.png' is 178 x 218: expected a square image, or image_folder.fit=crop" in refused(image_folder, folder)


def test_an_argument_that_is_not_given_is_no_part_of_the_key():
    assert "fit" not in plugins.resolve("dataset", "image_folder", {})
    assert plugins.resolve("dataset", "image_folder", {"fit": "pad"})["fit"] == "pad"


def test_gif(tmp_path):
    folder = shutil.copytree(CASES / "gif", tmp_path / "gif")
    data = image_folder(source=folder)
    assert (len(data), data.names, data.sizes) == (8, ("s",), (2,))
    with Image.open(folder / "3.gif") as image:
        expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal((data.x(np.array([3]))[0] * 255).round()[0], expected[..., 0])


@pytest.mark.parametrize("ending", ["gif", "png", "tiff", "webp"])
def test_a_file_of_several_images_is_refused(folder, ending):
    frames = [Image.new("RGB", (32, 32), (40 * i, 9, 9)) for i in range(3)]
    frames[0].save(folder / f"moving.{ending}", save_all=True, append_images=frames[1:])
    names = [f"moving.{ending}", "001.png"]
    path = write_csv(folder / "some.csv", {"file": names, "a": [0, 1]})
    assert "row 1: 'moving." + ending + "' holds 3 images: expected one in a file" in refused(image_folder, path)


def outside(path):
    Image.new("L", (32, 32)).save(path.parent.parent / "outside.png")
    path.unlink()
    path.symlink_to(path.parent.parent / "outside.png")


BROKEN = {
    "gone": lambda path: path.unlink(),
    "text": lambda path: path.write_text("no image"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "16 bits": lambda path: Image.fromarray(np.zeros((32, 32), np.uint16)).save(path),
    "transparent": lambda path: Image.new("RGBA", (32, 32), (0, 0, 0, 100)).save(path),
    "wide": lambda path: Image.new("L", (64, 32)).save(path),
    "larger": lambda path: Image.new("L", (64, 64)).save(path),
    "colour": lambda path: Image.new("RGB", (32, 32)).save(path),
    "postscript": lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n"),
    "link": outside,
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "device": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("gone", "is no file in the table's folder"),
        ("text", "cannot be read as an image: it is of another format (expected one of PNG, JPEG, "),
        ("cut", "cannot be read as an image: "),
        ("16 bits", "is of mode I;16: expected grey or RGB, 8 bits a channel"),
        ("transparent", "has transparent pixels: expected an image on a background"),
        (
            "wide",
            "is 64 x 32: expected a square image, or image_folder.fit=crop, fit=resize or fit=pad to make it square",
        ),
        ("larger", "is 1 x 64 x 64, the first is 1 x 32 x 32: expected one size, and all grey or all RGB"),
        ("colour", "is 3 x 32 x 32, the first is 1 x 32 x 32: expected one size, and all grey or all RGB"),
        ("postscript", "cannot be read as an image: it is of another format"),
        ("link", "leads out of the table's folder"),
        ("pipe", "is no file, but a folder, a pipe or a device"),
        ("device", "is no file, but a folder, a pipe or a device"),
    ],
)
def test_an_image_that_will_not_do_is_named(folder, change, message):
    BROKEN[change](folder / "004.png")
    line = refused(image_folder, folder)
    assert line.startswith(f"source: {folder / 'factors.csv'}: column 'file', row 5: '004.png' {message}")
    assert not list(folder.parent.glob("cache/*.npy"))


def test_images_are_cropped_by_their_owner(folder):
    BROKEN["wide"](folder / "004.png")
    assert "'004.png' is 64 x 32: expected a square image" in refused(image_folder, folder, size=32)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["../mine/001.png"], "'../mine/001.png': expected a file within the table's folder, by a relative path"),
        (["/etc/passwd"], "'/etc/passwd': expected a file within the table's folder, by a relative path"),
        (["a/../../001.png"], "'a/../../001.png': expected a file within"),
        (["..\\001.png"], "'..\\\\001.png': expected a file within"),
        (["C:001.png"], "'C:001.png': expected a file within"),
        (["000.png", "000.png"], "'000.png' is in row 1 already"),
        (["000.png", "./000.png"], "'./000.png' is in row 1 already"),
        ([None], "is empty, expected the name of a file"),
        (["mine\0.png"], "'mine\\x00.png' is no file in the table's folder"),
        (["."], "'.' is no file, but a folder, a pipe or a device"),
    ],
)
def test_names_of_files_stay_in_the_folder(folder, cells, message):
    names = [*cells, "001.png", "002.png"]
    path = write_csv(folder / "some.csv", {"file": names, "column": np.arange(len(names))})
    line = refused(image_folder, path)
    assert line.startswith(f"source: {path}: column 'file', row {len(cells)}: {message}")


def test_a_table_without_a_header(folder):
    lines = (folder / "factors.csv").read_text().splitlines()
    (folder / "bare.csv").write_text("\n".join(lines[7:]))
    line = refused(image_folder, folder / "bare.csv")
    assert line == f"source: {folder / 'bare.csv'}: its first line is no header: '006.png' is a file"


def test_a_column_of_names_that_is_not_the_first(folder):
    columns = {"row": [0, 1, 2], "picture": ["000.png", "002.png", "004.png"], "shade": ["a", "b", "a"]}
    path = write_csv(folder / "t.csv", columns)
    data = image_folder(source=path, image="picture")
    assert data.names == ("row", "shade")
    line = refused(image_folder, path)
    assert "column 'row', row 1: '0' is no file in the table's folder; those of column 'picture' are: " in line
    assert line.endswith("image_folder.image=picture")


def test_a_name_that_is_nearly_one_is_told(folder):
    for names, instead in {
        ("000", "001"): "'000.png'",
        ("000.PNG", "001.PNG"): "'000.png'",
        ("inner.png", "001.png"): "'deep/inner.png'",
        ("none.png", "001.png"): "",
    }.items():
        (folder / "deep").mkdir(exist_ok=True)
        (folder / "deep/inner.png").touch()
        path = write_csv(folder / "t.csv", {"picture": names, "a": [0, 1]})
        line = refused(image_folder, path)
        assert line.endswith(f"no file in the table's folder; {instead} is one" if instead else "the table's folder")


def test_an_index_that_pandas_wrote_is_named(folder):
    columns = {"file": ["000.png", "002.png", "004.png"], "Unnamed: 0": [0, 1, 2], "shade": ["a", "b", "a"]}
    path = write_csv(folder / "t.csv", columns)
    assert "column 'Unnamed: 0' has pandas' name for an index" in refused(image_folder, path)
    assert image_folder(source=path, factors="shade").names == ("shade",)


def test_a_table_without_factors(folder):
    path = write_csv(folder / "bare.csv", {"file": ["000.png", "001.png"]})
    assert refused(image_folder, path) == f"source: {path}: has no column of factors"


def test_a_folder_without_a_table(tmp_path):
    assert refused(image_folder, tmp_path / "none") == f"source: no file or folder {tmp_path / 'none'}"
    assert refused(image_folder, tmp_path).startswith(f"source: {tmp_path} has neither factors.csv nor an image (PNG, ")


def test_damaged_images_are_refused_and_nothing_else(folder):
    """Whatever bytes of an image are wrong, it is read, or refused by a BenchError."""
    whole = (folder / "004.png").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        content = bytearray(whole)
        for at in rng.integers(8, len(content), 3):
            content[at] = rng.integers(256)
        (folder / "004.png").write_bytes(content)
        with suppress(BenchError):
            image_folder(source=folder)

import pytest

from bench import plugins
from bench.errors import BenchError
from bench.plugins import cast, defaults, load, names, resolve, takes_source
from bench.report.words.names import method_label

KINDS = list(plugins.FOLDERS)


def test_a_file_without_underscore_is_a_plugin():
    assert {"vae", "betavae", "factorvae", "infovae"} <= set(names("method"))
    assert {"guide", "locatello", "burgess", "mlp", "small"} <= set(names("backbone"))
    assert {"mig", "dci", "factorvae_score"} <= set(names("metric"))
    assert {"dsprites", "sprites32"} <= set(names("dataset"))
    assert not [name for kind in KINDS for name in names(kind) if name.startswith("_") or name == "backbones"]


def test_entry_points_of_installed_packages_are_plugins(installed, toy):
    assert "toy" in names("dataset")
    assert "unruly" in names("method")
    assert load("metric", "row_mean").__module__ == "toy_plugins"
    assert len(toy) == 24


def test_what_a_class_states_is_read_without_importing_it(tmp_path, monkeypatch):
    info, package = tmp_path / "mine-1.0.dist-info", tmp_path / "mine"
    info.mkdir(), package.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bench.methods]\nmine = mine.here:Mine\ngone = mine.gone:Gone\n")
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    text = "class Other:\n    title = 'no'\n\nclass Mine:\n    'It.'\n    title: str = 'κ-VAE'\n    marker = chr(42)\n"
    (package / "here.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    plugins.stated.cache_clear(), plugins._installed.cache_clear()
    assert method_label("mine") == "κ-VAE"
    assert [plugins.stated("method", *what) for what in (("mine", "marker"), ("gone", "title"), ("vae", "title"))] == [
        "", "", "",
    ]  # fmt: skip
    plugins.stated.cache_clear(), plugins._installed.cache_clear()


def test_the_plugin_is_the_modules_one_public_name():
    from methods.betavae import BetaVAE

    assert load("method", "betavae") is BetaVAE


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_lists_the_known_ones_and_the_nearest(kind):
    known = names(kind)
    with pytest.raises(BenchError) as error:
        load(kind, known[0] + "x")
    assert f"unknown {kind} '{known[0]}x'" in str(error.value)
    assert ", ".join(known) in str(error.value)
    assert f"(did you mean {known[0]}?)" in str(error.value)


def test_nothing_is_suggested_for_a_name_that_is_like_none():
    with pytest.raises(BenchError) as error:
        load("method", "zzz")
    assert "did you mean" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "to", "value"),
    [
        ("4", float, 4.0),
        (4, float, 4.0),
        ("1e-3", float, 1e-3),
        ("10", int, 10),
        (10.0, int, 10),
        ("true", bool, True),
        ("False", bool, False),
        (True, bool, True),
        ("trees", str, "trees"),
        (3, str, "3"),
    ],
)
def test_arguments_are_cast(given, to, value):
    found = cast("a", given, to)
    assert found == value
    assert type(found) is to


@pytest.mark.parametrize(
    ("given", "to"),
    [
        ("x", float),
        ("", float),
        ("1.5", int),
        (1.5, int),
        (float("inf"), int),
        (float("nan"), int),
        (True, int),
        (False, float),
        ("yes", bool),
        (1, bool),
    ],
)
def test_arguments_of_another_type_are_refused(given, to):
    with pytest.raises(BenchError, match=rf"p\.a={given}: expected an? {to.__name__}"):
        cast("p.a", given, to)


def test_an_unknown_argument_lists_the_known_ones():
    with pytest.raises(
        BenchError, match=r"'gama': choose from gamma, lr_discriminator, width \(did you mean gamma\?\)"
    ):
        resolve("method", "factorvae", {"gama": 1})
    with pytest.raises(BenchError, match="vae has no argument 'beta'"):
        resolve("method", "vae", {"beta": 1})


def test_where_a_file_lies_is_not_an_argument_of_the_run(installed):
    assert takes_source("dataset", "toy")
    assert list(defaults("dataset", "toy")) == ["side"]
    assert resolve("dataset", "toy", {}) == {"side": 8}
    assert not takes_source("dataset", "sprites32")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """package("acme", "vae = acme_vae:VAE") puts an installed package's entry point for a method on the path."""
    caches = (names, load, plugins._installed)
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(name, point, group="bench.methods"):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{group}]\n{point}\n")
        for cached in caches:
            cached.cache_clear()
        return tmp_path

    yield put
    for cached in caches:
        cached.cache_clear()


def refused(name):
    with pytest.raises(BenchError) as error:
        load("method", name)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_package_cannot_take_a_name_of_this_suite(package):
    package("acme", "vae = acme_plugins:VAE")
    assert refused("vae").startswith("method 'vae' is a name in this suite and in package acme: only one")
    assert load("method", "betavae").__name__ == "BetaVAE", "other names are not affected"
    assert names("method").count("vae") == 1


def test_two_packages_cannot_share_a_name(package):
    package("zeta", "wae = zeta_plugins:WAE")
    package("acme", "wae = acme_plugins:WAE")
    assert "method 'wae' is a name in package acme and in package zeta: only one" in refused("wae")


@pytest.mark.parametrize(
    ("point", "code", "reason"),
    [
        ("absent_module:X", None, "ModuleNotFoundError: No module named 'absent_module'"),
        ("acme_empty:X", "", "AttributeError: module 'acme_empty' has no attribute 'X'"),
        ("acme_number:X", "X = 5", "TypeError: int is neither a class nor a function"),
        ("acme_raises:X", "raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
    ],
)
def test_an_entry_point_that_fails_names_its_package_and_the_reason(package, point, code, reason):
    folder = package("acme", f"broken = {point}")
    if code is not None:
        (folder / f"{point.split(':')[0]}.py").write_text(code)
    assert refused("broken") == f"method 'broken' of package acme fails to load from {point}: {reason}"


@pytest.mark.parametrize(
    ("command", "group", "known"),
    [
        (("list", "methods"), "bench.methods", "vae(): "),
        (("list", "datasets"), "bench.datasets", "toy(side=8): "),
        (("data", "list"), "bench.datasets", "toy: "),
    ],
)
def test_a_list_says_what_works_and_names_the_broken_package(bench, package, command, group, known):
    package("acme", "broken = absent_module:X", group)
    code, out, err = bench(*command)
    assert code == 1
    assert any(line.startswith(known) for line in out.splitlines())
    assert "broken" not in out
    kind = group.removeprefix("bench.").removesuffix("s")
    reason = "ModuleNotFoundError: No module named 'absent_module'"
    assert err == f"{kind} 'broken' of package acme fails to load from absent_module:X: {reason}\n"


def test_a_broken_package_stops_only_what_needs_it(bench, package):
    package("acme", "broken = absent_module:X")
    assert bench("plan", "--study", "tiny.toml")[0] == 0
    code, _, err = bench("plan", "--study", "tiny.toml", "--methods", "broken")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "package acme fails to load" in err

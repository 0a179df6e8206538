"""Mistakes at the terminal: each is one line, exit code 2, and nothing written."""

import pytest


def listing(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


MISTAKES = [
    (("--methods", "betvae"), "unknown method 'betvae': choose from ", "(did you mean betavae?)"),
    (("--metrics", "migg"), "unknown metric 'migg': choose from ", "(did you mean mig?)"),
    (("--dataset", "dsprite"), "unknown dataset 'dsprite': choose from ", "(did you mean dsprites?)"),
    (("--backbone", "smal"), "unknown backbone 'smal': choose from ", "(did you mean small?)"),
    (("--likelihood", "bernouli"), "unknown likelihood 'bernouli': choose from ", "(did you mean bernoulli?)"),
    (("--likelihood", "categorical"), "likelihood=categorical: the observations of", "are not symbols, one-hot"),
    (("--likelihood", "bernoulli", "--dataset", "waveforms"), "likelihood=bernoulli", "are not numbers from 0 to 1"),
    (("--study", "quik"), "unknown study 'quik': choose from ", "(did you mean quick?)"),
    (("--codes", "meen"), "unknown codes 'meen': choose from mean, sample", "(did you mean mean?)"),
    (("--betas", "0"), "beta=0.0", "above 0"),
    (("--betas", "-1"), "beta=-1.0", "above 0"),
    (("--betas", "nan"), "beta=nan", "finite number above 0"),
    (("--betas", "x"), "betavae.beta=x", "expected a float"),
    (("--betas", ""), "betavae.beta=[]", "expected at least one value"),
    (("--methods", "vae", "--betas", "4"), "betas=4", "none of the methods vae has a beta"),
    (("--methods", "infovae", "--set", "infovae.alpha=2"), "alpha=2.0", "at most 1"),
    (("--methods", "infovae", "--set", "infovae.lambda=0.5"), "alpha + lambda - 1=-0.5", "at least 0"),
    (("--methods", "factorvae", "--set", "factorvae.gamma=1e999"), "gamma=inf", "a finite number of at least 0"),
    (("--methods", ""), "methods=", "expected at least one"),
    (("--metrics", "mig,mig"), "metrics=mig,mig", "each once"),
    (("--seeds", "0"), "seeds=0", "expected at least 1"),
    (("--seeds", "-1"), "seeds=-1", "expected at least 1"),
    (("--seeds", "abc"), "seeds=abc", "expected a whole number"),
    (("--seeds", "1000000"), "seeds=1000000", "expected at most 1000, or a list"),
    (("--seeds", "1000000,"), "seeds=[1000000]", "from 0 to 999999 (beyond: searches)"),
    (("--steps", "0"), "steps=0", "expected `int` >= 1"),
    (("--lr", "0"), "lr=0.0", "expected `float` > 0"),
    (("--lr", "nan"), "lr=nan", "expected `float` > 0"),
    (("--lr", "inf"), "lr=inf", "expected a finite number"),
    (("--batch-size", "1"), "batch_size=1", "expected `int` >= 2"),
    (("--warmup", "-1"), "warmup=-1", "expected `int` >= 0"),
    (("--grad-clip", "-1"), "grad_clip=-1.0", "expected `float` >= 0"),
    (("--z-dim", "0"), "z_dim=[0]", "expected `int` >= 1"),
    (("--z-dim", ""), "z_dim=[]", "length >= 1"),
    (("--z-dim", "a"), "z_dim=a", "expected a whole number"),
    (("--set", "betavae"), "set=betavae", "expected PLUGIN.ARGUMENT=VALUE"),
    (("--set", "betavae.bta=1"), "'bta': choose from beta", "(did you mean beta?)"),
    (("--set", "betvae.beta=1"), "unknown plugin in set 'betvae'", "(did you mean betavae?)"),
    (("--set", "vae.beta=1"), "vae has no argument 'beta'", ""),
    (("--set", "factorvae.width=1.5"), "factorvae.width=1.5", "expected an int"),
    (("--set", "small.width=0"), "width=0.0", "above 0"),
    (("--set", "small.width=inf"), "too large", ""),
    (("--set", "mig.bins=1"), "bins is 1", "expected at least 2"),
    (("--set", "mig.n_train=20000"), "wants 20000 rows", "keeps 15000"),
    (("--metrics", "dci", "--set", "dci.probe=tree"), "probe is 'tree'", "expected one of trees, reference, linear"),
    (("--backbone", "guide"), "observation shape=(1, 8, 8)", "divisible by 16"),
    (("--device", "gpu"), "device=gpu", "cuda"),
    (("--device", "meta"), "device=meta", "expected auto, cpu, cuda, or a list such as cuda:0,cuda:2"),
    (("--device", "cuda:9"), "device=cuda:9", "cpu is always there"),
    (("--device", "cpu:0,cpu:0"), "device=cpu:0,cpu:0", "each device once"),
    (("--shard", "3/2"), "shard=3/2", "expected I/N with 1 <= I <= N"),
    (("--shard", "1"), "shard=1", "expected I/N"),
    (("--device", ""), "device=", "expected auto, cpu"),
    (("--out", "tiny.toml"), "out=tiny.toml", "cannot be written"),
    (("--out", "tiny.toml/x"), "out=tiny.toml/x", "cannot be written"),
    (("--dataset", "dsprites", "--set", "dsprites.source=tiny.toml"), "tiny.toml cannot be read as a .npz file", ""),
    (("--dataset", "dsprites", "--set", "dsprites.source=none.npz"), "no file none.npz", ""),
    (("--dataset", "sprites32", "--set", "sprites32.source=x"), "sprites32 has no argument 'source'", ""),
    (("--study", "none.toml"), "study none.toml", "No such file"),
    (("--study", "."), "study .", "Is a directory"),
]


@pytest.mark.parametrize(("arguments", "what", "rule"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_a_mistake_is_one_line_and_writes_nothing(run, tmp_path, arguments, what, rule):
    before = listing(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert what in err
    assert rule in err
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--steps", "abc"),
        ("run", "--jobs", "0"),
        ("run", "--eval-repeats", "0"),
        ("run", "--nosuch"),
        ("nosuch",),
    ],
)
def test_what_the_parser_refuses(bench, tmp_path, arguments):
    code, out, err = bench(*arguments)
    assert (code, out) == (2, "")
    assert arguments[1 if len(arguments) > 1 else 0] in err
    assert listing(tmp_path) == ["tiny.toml"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[set.mig]", "[set.betavae]", "Cannot declare"),
        ("steps", "step", "unknown key 'step'"),
        ("seeds = 2", 'seeds = "two"', "seeds=two: expected"),
        ('"tiny"', '"../../x"', "name=../../x: expected"),
        ('methods = ["vae", "betavae"]', "", "missing required field `methods`"),
        ("[set.small]\nwidth = 0.25", "[set]\nsmall = 3", "'small': 3"),
    ],
)
def test_a_mistake_in_a_study_file_is_one_line_and_writes_nothing(run, tiny, tmp_path, old, new, message):
    assert old in tiny
    (tmp_path / "tiny.toml").write_text(tiny.replace(old, new))
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert listing(tmp_path) == ["tiny.toml"]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("nowhere", "results nowhere: no such folder; run a study first"),
        ("tiny.toml", "results tiny.toml: not a folder"),
        (".", "results .: holds no runs; run a study first"),
    ],
)
def test_a_report_of_nothing(bench, tmp_path, folder, message):
    code, out, err = bench("report", folder)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1
    assert listing(tmp_path) == ["tiny.toml"]


def test_a_report_that_cannot_be_written(run, bench):
    run("--methods", "vae", "--seeds", 1)
    code, _, err = bench("report", "results", "--out", "tiny.toml")
    assert (code, err) == (2, "error: out=tiny.toml/tiny: cannot be written: Not a directory\n")


def test_a_file_that_is_not_dsprites_is_not_compared(bench):
    assert bench("data", "compare", "tiny.toml")[::2] == (
        2,
        "error: source: tiny.toml cannot be read as a .npz file: File is not a zip file\n",
    )

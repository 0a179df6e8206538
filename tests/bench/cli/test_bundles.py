"""bench pack, and the commands that read what it writes."""

import shutil
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from bench.scoring.packing import thinned
from bench.store import bundle
from bench.store.files import Artefacts
from bench.store.store import Store


def again(results, folder):
    """The same runs as if somebody had trained them again: the same numbers in another time."""
    store, made = Store(results), Store(folder)
    for record in store:
        cost = {**record.cost, "seconds_training": record.cost["seconds_training"] + 1}
        kept = Artefacts(store.history(record.key), store.posterior(record.key), store.weights(record.key))
        made.put(
            msgspec.structs.replace(record, cost=cost),
            Artefacts(kept.history, kept.posterior, kept.weights, scores=store.scores(record.key)),
        )
    return made.root


@pytest.fixture
def pack(bench, four_runs, tmp_path):
    """pack("--weights"): the bundle of a copy of four runs."""

    def make(*options, results=four_runs, out="out"):
        code, told, err = bench("pack", results, out, *options)
        assert (code, err) == (0, "")
        return tmp_path / told.partition(": ")[0]

    return make


def test_the_same_runs_give_the_same_bundle_and_nothing_of_a_disk(pack, four_runs):
    one, two = pack("--about", "who=Jane Doe"), pack("--about", "who=Jane Doe", out="other")
    assert one.name == two.name
    entry = bundle.opened(one)
    assert (entry.who, entry.party, entry.study, entry.licence) == ("Jane Doe", "third", "runs", "not stated")
    assert entry.commit == Store(four_runs).record(Store(four_runs).keys()[0]).environment["commit"][:12]
    assert {p.name for p in one.iterdir()} > {"runs.csv", "scores.csv", "datapackage.json", "entry.toml"}
    for key in Store(one).keys():  # noqa: SIM118
        assert set(Store(one).manifest(key).files) == {
            "run.json",
            "history.csv",
            "posterior.npz",
            "scores/mig__bins20-mean-n300.json",
        }


def test_of_a_posterior_there_is_what_its_protocols_read(pack, four_runs, protocol_of):
    store, packed = Store(four_runs), Store(pack())
    for record in store:
        whole, kept = store.posterior(record.key), packed.posterior(record.key)
        assert kept["mu"].shape == (300, 3)
        assert np.array_equal(kept["mu"], whole["mu"][:300])
        assert kept["logvar"].dtype == np.float16
        assert np.array_equal(kept["index"], whole["index"][:300])
    scores = store.scores(record.key)
    sampled = replace(protocol_of("mig", n_train=300), codes="sample")
    unknown = msgspec.structs.replace(scores[0], protocol="mig:other")
    assert thinned(whole, record, [unknown])["mu"] is whole["mu"]
    from_samples = msgspec.structs.replace(scores[0], protocol=sampled.id)
    assert np.array_equal(thinned(whole, record, [from_samples])["logvar"], whole["logvar"][:300])
    lacking = {**whole, "v": np.where(np.arange(len(whole["v"]))[:, None] == 0, -1, whole["v"])}
    assert len(thinned(lacking, record, scores)["mu"]) == len(whole["mu"])


def test_with_weights_it_has_a_card_and_encoders(pack):
    import bench as door

    made = pack("--weights", "--about", "licence=CC-BY-4.0")
    card = (made / "README.md").read_text()
    assert card.startswith("---\nlicense: CC-BY-4.0\n")
    assert "4 trained encoders (β-VAE, VAE) on toy" in card
    assert door.encoder(made / Store(made).keys()[0]).spec.z_dim == 3
    assert len(door.load(made)) == 4


def test_its_scores_are_computed_again_and_reports_say_so(bench, pack, four_runs, tmp_path):
    mine, others = pack(), pack("--about", "who=Max Jr", results=again(four_runs, tmp_path / "again"))
    code, out, _ = bench("verify", mine)
    assert code == 0
    numbers = bundle.found_of(mine).rescored
    assert numbers > 0
    assert out.endswith(f"rescored: {numbers} numbers\n")
    assert bench("verify", mine, "--retrain", 1)[0] == 0
    assert bundle.found_of(mine) == bundle.Found(rescored=numbers, retrained=1)
    code, out, err = bench("compare", mine, others)
    assert (code, out.splitlines()[0]) == (0, "reproduced (4 runs)")
    assert "reproduced" not in bench("compare", mine, pack(out="copy"))[1]
    code, out, err = bench("report", mine, others)
    assert (code, err) == (0, "")
    text = (tmp_path / "reports" / "board" / "report.md").read_text()
    assert f"rescored ({numbers} numbers); retrained (1 runs)" in text
    assert "| Max Jr | third | 4 | reproduced (4 runs) |" in text
    assert "β-VAE (Max Jr)" in text
    assert "Whose numbers these are" in (tmp_path / "reports" / "board" / "index.html").read_text()


def test_a_score_that_is_not_found_again_is_not_called_rescored(bench, four_runs, pack, tmp_path):
    results = shutil.copytree(four_runs, tmp_path / "tampered")
    store = Store(results)
    record = next(iter(store))
    (file,) = store.scores(record.key)
    lie = msgspec.structs.replace(file.repeats[0], values={"mig": 0.99})
    store.add_scores(record.key, [msgspec.structs.replace(file, repeats=[lie])])
    made = pack(results=results)
    bundle.note(made, rescored=4)
    code, out, _ = bench("verify", made)
    assert (code, out.splitlines()[-1]) == (1, "not rescored")
    assert bundle.found_of(made).rescored == 0


def test_others_stand_in_grey_beside_mine(bench, pack, four_runs, tmp_path):
    results = shutil.copytree(four_runs, tmp_path / "results" / "tiny")
    code, _, err = bench("report", results, "--against", pack("--about", "who=Jane"))
    assert (code, err) == (0, "")
    report = tmp_path / "reports" / "tiny"
    assert "β-VAE (Jane)" in (report / "report.md").read_text()
    code, _, err = bench("report", results, "--against", report)  # a report's CSV files do as well
    assert (code, err.count("\n")) == (0, 4)
    assert "does not give the spec that its key is of" in err  # Jane's in that report


def test_what_may_not_stand_there_is_refused_in_a_line(bench, four_runs, tmp_path):
    from pathlib import Path

    reference = Path(__file__).parents[3] / "reports" / "reference"
    code, out, err = bench("report", four_runs, "--against", reference)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: against reference: nothing of it may stand beside these runs: ")
    assert "steps 2000, not 2" in err
    assert not (tmp_path / "reports" / "runs").exists()
    code, _, err = bench("report", four_runs, four_runs, "--against", reference)
    assert (code, err.count("\n")) == (2, 1)


def test_bundles_are_merged(bench, pack):
    one = pack()
    code, out, _ = bench("merge", one, "--out", "both")
    assert (code, out.splitlines()[-1]) == (0, "both: 4 runs")
    code, _, err = bench("baselines", one, "--jobs", 1, "--seeds", 1, "--only", "chance")
    assert code == 2
    assert err.startswith(f"error: {one}: is a bundle, which stays as it is")


@pytest.mark.parametrize("command", ["report", "verify", "compare", "merge", "show", "baselines", "pack"])
def test_a_bundle_that_is_not_what_it_says_is_one_line(bench, pack, command):
    made = pack()
    (made / "runs.csv").write_bytes(b"\n")
    further = {"compare": [made], "merge": ["--out", "x"]}.get(command, [])
    code, out, err = bench(*(["show", "0", made] if command == "show" else [command, made]), *further)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "refused: its files hash to" in err


def test_codes_of_a_foreign_method(bench, tmp_path):
    rng = np.random.default_rng(0)
    v = rng.integers(3, size=(600, 2))
    np.savez(tmp_path / "codes.npz", z=v + 0.1 * rng.standard_normal(v.shape), v=v, names=["a", "b"])
    asked = ("score", "codes.npz", "--metrics", "mig,betavae_score", "--pack", "out")
    code, out, err = bench(*asked, "--about", "who=Ann", "--about", "method=mine", "--about", "data=blobs")
    assert code == 0
    assert err == "left out of the bundle, since they select rows from a whole data set: betavae_score\n"
    made = tmp_path / out.splitlines()[-1].partition(": ")[0]
    assert made.parent.name == "out"
    (record,) = Store(made)
    assert (record.spec.method, record.spec.dataset.name, record.factors) == ("mine", "blobs", ["a", "b"])
    code, out, _ = bench("verify", made)
    assert (code, out.splitlines()[-1]) == (0, "rescored: 3 numbers")
    for mistake in (["--about", "who"], ["--about", "no_such=x"], ["--n-train", 300], ["--about", "study=../x"]):
        code, _, err = bench(*asked, *mistake)
        assert (code, len([line for line in err.splitlines() if line.startswith("error: ")])) == (2, 1)


def test_mistakes_are_one_line(bench, four_runs, tmp_path):
    assert bench("pack", "nowhere")[::2] == (2, "error: results nowhere: no such folder\n")
    results = shutil.copytree(four_runs, tmp_path / "damaged")
    next((results / Store(results).keys()[0] / "scores").iterdir()).write_bytes(b"{}")
    for arguments in ([results], [four_runs, "out", "--about", "party=second"], [four_runs, "out", "--about", "who"]):
        code, out, err = bench("pack", *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
    assert [p.name for p in tmp_path.glob("*/.writing*")] == []

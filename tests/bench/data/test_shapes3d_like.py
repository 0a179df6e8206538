"""shapes3d_like: what each factor changes, its solids beside marched rays, and images beside exact arithmetic."""

import numpy as np
import pytest
import torch

from bench.data import shapes3d_like as module
from bench.data._render.scene3d import EYE, FOCAL, HORIZON, ORBIT, PARTS, SHAPES, Rays, Solid, View
from bench.data.shapes3d_like import DEGREES, SCALES, SIZES, N, shapes3d_like
from bench.training.batches import Batches, Table
from bench.training.build import build
from bench.training.loop import train

SHA256 = "cbb4cf53dd03e5714f89ca8784486867572e65f0d0e1f51a091feed6249cad2a"
FLOOR, WALL, OBJECT, SKY, WHITE = range(5)
HUES = (FLOOR, WALL, OBJECT)


@pytest.fixture(scope="module")
def data():
    return shapes3d_like()


def row(*v):
    return np.ravel_multi_index(v, SIZES)


def weights(data, rows):
    """(n, parts, 64, 64) of these rows, in 1/255."""
    return data.observations.weights[rows % 480].reshape(-1, len(PARTS), 64, 64).astype(np.int64)


def draw(n, seed=0):
    return np.random.default_rng(seed).integers(0, N, n)


def test_the_data_set_is_that_of_record(data):
    assert data.sha256 == SHA256
    assert (len(data), data.sizes, data.shape) == (480_000, (10, 10, 10, 8, 4, 15), (3, 64, 64))
    assert data.names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    assert (data.kind, data.likelihood, data.packed) == ("image", "bernoulli", False)
    assert data.observations.weights.nbytes < 10_000_000


def test_factors_are_the_grid_in_the_order_of_the_original(data):
    np.testing.assert_array_equal(row(*data.v[draw(1000)].T), draw(1000))
    np.testing.assert_array_equal(data.v[:16, 5], [*range(15), 0])


def test_images_are_their_weights_times_their_colours(data):
    """Beside whole numbers: the sum over parts of weight times colour, over 255, rounded to the nearest."""
    rows = draw(200)
    wheel = [(255, 0, 0), (255, 153, 0), (204, 255, 0), (51, 255, 0), (0, 255, 102)]
    wheel += [(0, 255, 255), (0, 102, 255), (51, 0, 255), (204, 0, 255), (255, 0, 153)]
    for image, w, v in zip(data.observations[rows], weights(data, rows), data.v[rows], strict=True):
        colours = np.array([*(wheel[hue] for hue in v[:3]), (153, 226, 249), (255, 255, 255)])
        summed = sum(w[p][None] * colours[p][:, None, None] for p in range(5))
        np.testing.assert_array_equal(image, (2 * summed + 255) // 510)


def test_rows_are_the_same_however_they_are_asked_for(data):
    rows = draw(64)
    together = data.x(rows)
    assert (together.shape, together.dtype) == ((64, 3, 64, 64), np.float32)
    for i in (0, 13, 63):
        np.testing.assert_array_equal(together[i], data.x(rows[i : i + 1])[0])
    np.testing.assert_array_equal(data.x(np.array([-1])), data.x(np.array([N - 1])))
    with pytest.raises((IndexError, ValueError)):
        data.x(np.array([N]))


@pytest.mark.parametrize("part", HUES)
def test_a_hue_colours_its_part_and_no_other(data, part):
    rows = draw(30, part)
    v = data.v[rows].astype(int)
    v[:, part] = (v[:, part] + 3) % 10
    changed = (data.observations[rows] != data.observations[row(*v.T)]).any(axis=1)
    w = weights(data, rows)[:, part]
    assert not changed[w == 0].any()
    assert changed[w > 10].all()
    assert changed.any(axis=(1, 2)).all()


@pytest.mark.parametrize("factor", [3, 4, 5])
def test_the_solid_and_the_turn_leave_colours_alone(data, factor):
    """Scale and shape leave all as it is where there is neither solid nor shadow, before and after."""
    rows = draw(30, factor)
    v = data.v[rows].astype(int)
    v[:, factor] = (v[:, factor] + 2) % SIZES[factor]
    after = row(*v.T)
    changed = (data.observations[rows] != data.observations[after]).any(axis=1)
    assert changed.any(axis=(1, 2)).all()
    if factor != 5:
        empty = np.concatenate([View(a).weights(Solid("sphere", 1e-3, 2e-3))[None] for a in DEGREES])[v[:, 5]]
        touched = (weights(data, rows) != empty).any(axis=1) | (weights(data, after) != empty).any(axis=1)
        assert not changed[~touched].any()


def test_all_geometries_differ(data):
    assert len({w.tobytes() for w in data.observations.weights}) == 480


def test_parts_make_up_each_pixel(data):
    w = data.observations.weights.astype(int)
    assert w.sum(axis=1).max() <= 255
    assert (w[:, SKY].reshape(-1, 64, 64)[:, 0] == 255).all()
    assert (w[:, SKY].reshape(-1, 64, 64)[:, 36:] == 0).all()


def inside(solid, x, y, z):
    r, h = solid.radius, solid.height
    if solid.shape == "cube":
        return (abs(x) <= r) & (abs(y) <= r) & (z >= 0) & (z <= h)
    if solid.shape == "cylinder":
        return (x * x + y * y <= r * r) & (z >= 0) & (z <= h)
    return x * x + y * y + (z - np.clip(z, r, h - r)) ** 2 <= r * r


@pytest.mark.parametrize("shape", range(4))
def test_solids_are_where_marching_along_the_rays_finds_them(data, shape):
    for scale, turn in ((0, 0), (4, 7), (7, 11)):
        a, solid = np.deg2rad(DEGREES[turn]), Solid.of(shape, SCALES[scale])
        i, j = np.meshgrid(np.arange(64) + 0.5, np.arange(64) + 0.5, indexing="ij")
        ahead, right = np.array([-np.sin(a), np.cos(a)]), np.array([np.cos(a), np.sin(a)])
        t = np.linspace(0.2, 0.9, 1500)[:, None, None] / FOCAL
        x, y = (-ORBIT * ahead[k] + t * (FOCAL * ahead[k] + (j - 32) * right[k]) for k in (0, 1))
        marched = inside(solid, x, y, EYE + t * (HORIZON - i)).any(axis=0)
        w = weights(data, np.array([row(0, 0, 0, scale, shape, turn)]))[0]
        seen = w[OBJECT] + w[WHITE] > w[FLOOR] + w[WALL] + w[SKY]
        assert (marched & seen).sum() / (marched | seen).sum() > 0.93


@pytest.mark.parametrize("shape", SHAPES)
def test_normals_are_gradients_of_the_surface(shape):
    """A point a little along the normal is outside, a little against it inside; normals have length 1."""
    solid = Solid.of(SHAPES.index(shape), 1.0)
    rng = np.random.default_rng(0)
    start = np.float64(0.3), np.float64(-0.5), np.float64(0.4)
    aim = rng.uniform(-0.1, 0.1, (2, 500)), rng.uniform(0, 0.3, 500)
    rays = Rays(start, (aim[0][0] - start[0], aim[0][1] - start[1], aim[1] - start[2]))
    rays = rays.chosen(np.isfinite(solid.met(rays)))
    p = np.array(rays.at(solid.met(rays)))
    n = np.array(solid.normal(*p))
    assert p.shape[1] > 100
    np.testing.assert_allclose((n * n).sum(axis=0), 1)
    assert not inside(solid, *(p + 1e-6 * n)).any()
    assert inside(solid, *(p - 1e-6 * n)).mean() > 0.99


def test_orientation_shows_the_right_corner_first(data):
    """The front wall is brighter than the sides."""
    first, last = (weights(data, np.array([row(0, 0, 0, 0, 0, turn)]))[0, WALL, 25] for turn in (0, 14))
    assert first[2] > 240 > 165 > first[-2]
    assert last[-2] > 240 > 165 > last[2]


def test_shadows_fall_on_the_floor_only(data):
    w = weights(data, np.arange(480))
    dark = (w[:, FLOOR] > 0.25 * 255) & (w[:, FLOOR] < 0.32 * 255) & (w[:, WALL] + w[:, OBJECT] + w[:, SKY] == 0)
    assert dark.any(axis=(1, 2)).all()
    assert not dark[:, :36].any()


def test_weights_other_than_those_of_record_are_told(monkeypatch):
    monkeypatch.setattr(module, "geometries", lambda *_: iter([np.zeros((480, 5 * 4096), np.uint8)]))
    with pytest.raises(RuntimeError, match="should have sha256"):
        shapes3d_like()


def test_no_table_of_it_is_put_on_a_device(data):
    assert Table.of(data, torch.device("cpu")) is None


def test_it_trains(data, spec_of):
    spec = spec_of("betavae", steps=3, batch_size=16)
    method = build(spec, data.shape)
    batches = Batches(data, spec, 1, torch.device("cpu"))
    assert batches(0).shape == (16, 3, 64, 64)
    trained = train(method, batches, spec, torch.Generator().manual_seed(0), log_every=1)
    assert trained.diverged_at is None
    assert [np.isfinite(r["loss"]) for r in trained.history] == [True] * 3

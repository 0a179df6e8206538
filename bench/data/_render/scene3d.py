"""A room with one solid, seen by a camera that orbits it: where floor, walls and solid show, and how brightly.

Lengths are in half widths of the room. x points right, y to the front wall, z up; the floor is z = 0, the solid stands
on it at x = y = 0, and turns with the room. Every pixel is the mean of SAMPLES x SAMPLES rays, each met in closed form.

An image is linear in the colours of its parts. So a geometry is kept as weights of PARTS per pixel, in 1/255:

    image = (w_floor c_floor + w_wall c_wall + w_object c_object + w_sky c_sky + w_white 255) / 255

The constants of the room, the camera and the solids were estimated from published pictures of Shapes3D (Burgess & Kim,
3D Shapes Dataset, 2018), those of the light chosen by eye. Textures, lamps and highlights of the original are not
reproduced.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SIZE, SAMPLES = 64, 3
PARTS = ("floor", "wall", "object", "sky", "white")
SHAPES = ("cube", "cylinder", "sphere", "capsule")

ORBIT, EYE = 0.531, 0.145  # of the camera: distance from the room's middle, height
FOCAL, HORIZON = 63.9, 34.6  # pixels; the row that the camera's height projects to
WALL = 0.551  # height
CUBE = 0.080  # half side at scale 1, and below: radius, and height
CYLINDER, SPHERE, CAPSULE = (0.088, 0.178), (0.096, 0.192), (0.073, 0.298)

LIGHT = (-0.48, -0.36, 0.8)  # towards the lamp: a unit vector
SHADOW = 0.3
CORNERS = 0.35  # of the floor's light, lost in the back corners
FRONT, FRONT_RISE, SIDE = 0.97, 0.03, 0.61  # brightness of the walls; the front wall's grows with height
AMBIENT, DIFFUSE, WHITE = 0.70, 0.30, 0.12  # of the solid, the last of surfaces that face up
DECIMALS = 12  # that cosines are rounded to: what follows them is exact arithmetic, alike on every machine


class Rays(NamedTuple):
    """Lines from `start` along `along`, components x, y, z, each a number or (R,)."""

    start: tuple[Floats, Floats, Floats]
    along: tuple[Floats, Floats, Floats]

    def at(self, t: Floats) -> tuple[Floats, Floats, Floats]:
        """Points t lengths of `along` from the start."""
        (ox, oy, oz), (dx, dy, dz) = self
        return ox + t * dx, oy + t * dy, oz + t * dz

    def chosen(self, where: Mask) -> "Rays":
        """The rays of this mask."""
        pick = [tuple(np.broadcast_to(a, where.shape)[where] for a in part) for part in self]
        return Rays((pick[0][0], pick[0][1], pick[0][2]), (pick[1][0], pick[1][1], pick[1][2]))


class Solid(NamedTuple):
    """One of SHAPES, standing on the floor: `radius` (a cube's half side) and `height`."""

    shape: str
    radius: float
    height: float

    @classmethod
    def of(cls, shape: int, scale: float) -> "Solid":
        """The shape of this index, `scale` times its size."""
        sizes = {"cube": (CUBE, 2 * CUBE), "cylinder": CYLINDER, "sphere": SPHERE, "capsule": CAPSULE}
        radius, height = sizes[SHAPES[shape]]
        return cls(SHAPES[shape], scale * radius, scale * height)

    def met(self, rays: Rays) -> Floats:
        """How far along each ray, (R,), it first meets the solid from outside; inf where it does not."""
        if self.shape == "cube":
            return _box(rays, self.radius, self.height)
        if self.shape == "cylinder":
            return np.minimum(_tube(rays, self.radius, 0.0, self.height), _lid(rays, self.radius, self.height))
        r, top = self.radius, self.height - self.radius  # a sphere is a capsule without a tube
        ends = np.minimum(_ball(rays, r, r), _ball(rays, r, top))
        return np.minimum(ends, _tube(rays, r, r, top))

    def normal(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Outward unit normals at points of the surface."""
        r = self.radius
        if self.shape == "cube":
            reach = [np.abs(x), np.abs(y), np.abs(z - r)]
            most = np.maximum(np.maximum(*reach[:2]), reach[2])
            nx = np.where(reach[0] == most, np.sign(x), 0.0)
            ny = np.where((nx == 0) & (reach[1] == most), np.sign(y), 0.0)
            return nx, ny, np.where((nx == 0) & (ny == 0), np.sign(z - r), 0.0)
        if self.shape == "cylinder":
            lid = np.abs(z - self.height) < 1e-9 * self.height
            return np.where(lid, 0.0, x / r), np.where(lid, 0.0, y / r), np.where(lid, 1.0, 0.0)
        return x / r, y / r, (z - z.clip(r, self.height - r)) / r

    def near(self, rays: Rays) -> Mask:
        """Rays that pass the ball around the solid: all that meet it, and few others."""
        (ox, oy, oz), (dx, dy, dz) = rays
        middle = self.height / 2
        bound = middle * middle + self.radius * self.radius * (2 if self.shape == "cube" else 1)
        oz = oz - middle
        along = ox * dx + oy * dy + oz * dz
        return np.asarray(ox * ox + oy * oy + oz * oz - along * along / (dx * dx + dy * dy + dz * dz) <= bound * 1.001)


def _first(a: Floats, b: Floats, c: Floats) -> Floats:
    """The lesser root of a t^2 + 2 b t + c = 0; inf where there is none above 0."""
    d = b * b - a * c
    t = (-b - np.sqrt(np.where(d >= 0, d, 0.0))) / a
    return np.where((d >= 0) & (t > 0), t, np.inf)


def _ball(rays: Rays, radius: float, z: float) -> Floats:
    (ox, oy, oz), (dx, dy, dz) = rays
    oz = oz - z
    b, c = ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz - radius * radius
    return _first(dx * dx + dy * dy + dz * dz, b, c)


def _tube(rays: Rays, radius: float, low: float, high: float) -> Floats:
    """The side of an upright cylinder."""
    (ox, oy, oz), (dx, dy, dz) = rays
    t = _first(dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - radius * radius)
    z = oz + np.where(np.isfinite(t), t, 0.0) * dz
    return np.where((z >= low) & (z <= high), t, np.inf)


def _lid(rays: Rays, radius: float, z: float) -> Floats:
    """A disc that faces up or down."""
    t = (z - rays.start[2]) / rays.along[2]
    x, y, _ = rays.at(t)
    return np.where((t > 0) & (x * x + y * y <= radius * radius), t, np.inf)


def _box(rays: Rays, half: float, height: float) -> Floats:
    enters, leaves = np.asarray(-np.inf), np.asarray(np.inf)
    for o, d, low, high in zip(*rays, (-half, -half, 0.0), (half, half, height), strict=True):
        one, other = (low - o) / d, (high - o) / d
        enters = np.maximum(enters, np.minimum(one, other))
        leaves = np.minimum(leaves, np.maximum(one, other))
    return np.where((enters <= leaves) & (enters > 0), enters, np.inf)


class View:
    """The room without a solid from one orientation: rays, where each meets the room and how bright it is there."""

    def __init__(self, degrees: float) -> None:
        turn = math.radians(degrees)
        sin, cos = round(math.sin(turn), DECIMALS), round(math.cos(turn), DECIMALS)
        at = (np.arange(SIZE * SAMPLES) + 0.5) / SAMPLES
        down, right = (a.ravel() for a in np.meshgrid(HORIZON - at, at - SIZE / 2, indexing="ij"))
        eye = np.asarray(ORBIT * sin), np.asarray(-ORBIT * cos), np.asarray(EYE)
        self.rays = Rays(eye, (right * cos - FOCAL * sin, right * sin + FOCAL * cos, down))
        dx, dy, dz = self.rays.along
        to_side, to_front = (np.sign(dx) - eye[0]) / dx, (1 - eye[1]) / dy
        to_floor = np.where(dz < 0, -EYE / dz, np.inf)
        self.met = np.minimum(to_floor, np.minimum(to_side, to_front))
        self.x, self.y, self.z = self.rays.at(self.met)
        self.floor = to_floor == self.met
        self.wall = ~self.floor & (self.z <= WALL)
        shade = np.where(to_front <= to_side, FRONT + FRONT_RISE * self.z / WALL, SIDE)
        corner = self.x * self.y.clip(0, None)
        self.light = np.where(self.floor, 1 - CORNERS * corner * corner, np.where(self.wall, shade, 1.0))

    def weights(self, solid: Solid) -> NDArray[np.uint8]:
        """Weights (len(PARTS), SIZE, SIZE) in 1/255, rounded down: those of a pixel add up to 255 at most."""
        hit, shade, white = self._solid(solid)
        light = np.where(self._shadow(solid), SHADOW, 1.0) * self.light
        floor, wall = self.floor & ~hit, self.wall & ~hit
        parts = [light * floor, light * wall, shade - white, (~(floor | wall | hit)).astype(np.float64), white]
        return np.stack([_pixels(part) for part in parts])

    def _solid(self, solid: Solid) -> tuple[Mask, Floats, Floats]:
        """Rays that meet the solid first, the light there, and how much of it is white."""
        near = solid.near(self.rays)
        rays = self.rays.chosen(near)
        t = solid.met(rays)
        hit, shade, white = near.copy(), np.zeros(near.shape), np.zeros(near.shape)
        meets = np.isfinite(t)
        hit[near] = meets
        nx, ny, nz = solid.normal(*rays.chosen(meets).at(t[meets]))
        lit = (nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2]).clip(0, None)
        up = nz.clip(0, None)
        shade[hit] = AMBIENT + DIFFUSE * lit
        white[hit] = WHITE * up * up
        return hit, shade, white

    def _shadow(self, solid: Solid) -> Mask:
        """Rays that meet the floor where the solid keeps the lamp's light away."""
        zero, (lx, ly, lz) = np.zeros(self.floor.sum()), LIGHT
        floor = Rays((self.x[self.floor], self.y[self.floor], zero), (zero + lx, zero + ly, zero + lz))
        near = solid.near(floor)
        shadow, dark = np.zeros(self.floor.shape, bool), np.zeros(zero.shape, bool)
        dark[near] = np.isfinite(solid.met(floor.chosen(near)))
        shadow[self.floor] = dark
        return shadow


def _pixels(samples: Floats) -> NDArray[np.uint8]:
    """Means over each pixel's samples, added one after another, in 1/255."""
    grid = samples.reshape(SIZE, SAMPLES, SIZE, SAMPLES)
    total = np.zeros((SIZE, SIZE))
    for i, j in np.ndindex(SAMPLES, SAMPLES):
        total = total + grid[:, i, :, j]
    return np.floor(total / SAMPLES**2 * 255 + 1e-6).astype(np.uint8)


def geometries(scales: Floats, degrees: Floats) -> Iterator[NDArray[np.uint8]]:
    """Weights of all (scale, shape, orientation) in row-major order, a block (orientations, bytes) at a time."""
    views = [View(float(a)) for a in degrees]
    for scale in scales:
        for shape in range(len(SHAPES)):
            solid = Solid.of(shape, float(scale))
            yield np.stack([view.weights(solid).ravel() for view in views])

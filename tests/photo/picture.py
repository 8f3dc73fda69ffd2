"""A picture on its way from the developed RAW to the exported file, and where each pixel came from.

Pixels are float32 RGB in 0..1, gamma-encoded (sRGB unless `icc` says otherwise). The centre of
the first pixel is (0, 0). `steps` maps a position of the picture to a position of the RAW's
visible frame: a list of functions applied in order, each from new to old coordinates, so that a
ground truth exists for lens corrections as well as for homographies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable

import cv2
import numpy as np

Step = Callable[[np.ndarray], np.ndarray]  # (n, 2) -> (n, 2)
LUMA = np.float32([0.2126, 0.7152, 0.0722])


def homography(matrix: np.ndarray) -> Step:
    m = np.asarray(matrix, float)

    def step(points: np.ndarray) -> np.ndarray:
        p = np.c_[points, np.ones(len(points))] @ m.T
        return p[:, :2] / p[:, 2:]

    step.matrix = m
    return step


def shift(dx: float, dy: float) -> np.ndarray:
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]])


def scaling(sx: float, sy: float) -> np.ndarray:
    """New to old for a picture whose old pixels per new pixel are sx and sy, centres kept."""
    return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1.0]])


@dataclass(frozen=True)
class Picture:
    pixels: np.ndarray
    steps: tuple = field(default_factory=tuple)
    icc: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]

    def with_pixels(self, pixels: np.ndarray) -> "Picture":
        return replace(self, pixels=np.clip(pixels, 0, 1).astype(np.float32))

    def moved(self, pixels: np.ndarray, step: Step) -> "Picture":
        pixels = np.ascontiguousarray(np.clip(pixels, 0, 1), np.float32)
        return replace(self, pixels=pixels, steps=(step, *self.steps))

    def to_raw(self, points: np.ndarray) -> np.ndarray:
        for step in self.steps:
            points = step(points)
        return points

    def matrix(self) -> np.ndarray | None:
        """The homography to the RAW frame, or None where a step is no homography."""
        total = np.eye(3)
        for step in self.steps:
            if not hasattr(step, "matrix"):
                return None
            total = step.matrix @ total
        return total / total[2, 2]


# ---- geometry ------------------------------------------------------------------------------


def resized(p: Picture, width: int, height: int, interpolation=None) -> Picture:
    w, h = p.size
    if interpolation is None:
        interpolation = cv2.INTER_AREA if width <= w and height <= h else cv2.INTER_CUBIC
    out = cv2.resize(p.pixels, (width, height), interpolation=interpolation)
    return p.moved(out, homography(scaling(w / width, h / height)))


def long_side(p: Picture, n: int) -> Picture:
    w, h = p.size
    s = n / max(w, h)
    return p if s >= 1 else resized(p, round(w * s), round(h * s))


def crop(p: Picture, x: int, y: int, w: int, h: int) -> Picture:
    return p.moved(p.pixels[y : y + h, x : x + w], homography(shift(x, y)))


def crop_to(p: Picture, keep: float, rng) -> Picture:
    """A random crop that keeps this part of the area, of a slightly other aspect."""
    w, h = p.size
    aspect = rng.uniform(0.85, 1.18)
    cw, ch = min(w, int(w * np.sqrt(keep) * aspect)), min(h, int(h * np.sqrt(keep) / aspect))
    return crop(p, int(rng.integers(0, w - cw + 1)), int(rng.integers(0, h - ch + 1)), cw, ch)


def mirrored(p: Picture, vertical: bool = False) -> Picture:
    w, h = p.size
    m = [[1, 0, 0], [0, -1, h - 1], [0, 0, 1]] if vertical else [[-1, 0, w - 1], [0, 1, 0], [0, 0, 1]]
    return p.moved(p.pixels[::-1] if vertical else p.pixels[:, ::-1], homography(np.array(m, float)))


def quarter_turns(p: Picture, k: int) -> Picture:
    """k quarter turns counter-clockwise."""
    for _ in range(k % 4):
        w, _h = p.size
        p = p.moved(np.rot90(p.pixels), homography(np.array([[0, -1, w - 1], [1, 0, 0], [0, 0, 1.0]])))
    return p


def warped(p: Picture, matrix: np.ndarray, size: tuple[int, int]) -> Picture:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    out = cv2.warpPerspective(p.pixels, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return p.moved(out, homography(matrix))


def rotated(p: Picture, degrees: float) -> Picture:
    """Free rotation, cropped to the inscribed rectangle of the same aspect."""
    w, h = p.size
    t = np.deg2rad(abs(degrees))
    c, s = np.cos(t), np.sin(t)
    k = min(w / (w * c + h * s), h / (w * s + h * c))
    nw, nh = int(w * k) - 2, int(h * k) - 2
    t = np.deg2rad(degrees)
    turn = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    m = shift((w - 1) / 2, (h - 1) / 2) @ turn @ shift(-(nw - 1) / 2, -(nh - 1) / 2)
    return warped(p, m, (nw, nh))


def perspective(p: Picture, amount: float, rng) -> Picture:
    w, h = p.size
    d = lambda: rng.uniform(0.2, 1) * amount
    old = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
    new = np.float32(
        [
            [w * d(), h * d()],
            [w * (1 - d()), h * d()],
            [w * (1 - d() * 0.3), h * (1 - d() * 0.3)],
            [w * d() * 0.3, h * (1 - d() * 0.3)],
        ]
    )
    return warped(p, cv2.getPerspectiveTransform(old, new).astype(float), (w, h))


def lens(p: Picture, k1: float, k2: float = 0.0) -> Picture:
    """Radial distortion about the centre, radius 1 at the corner, scaled to stay inside."""
    w, h = p.size
    cx, cy = (w - 1) / 2, (h - 1) / 2
    corner = np.hypot(cx, cy)
    inside = max(1.0, 1 + k1 + k2)

    def step(points: np.ndarray) -> np.ndarray:
        u = (points - [cx, cy]) / corner
        r2 = (u * u).sum(1, keepdims=True)
        return u * (1 + k1 * r2 + k2 * r2 * r2) / inside * corner + [cx, cy]

    return remapped(p, step, (w, h))


def remapped(p: Picture, step: Step, size: tuple[int, int]) -> Picture:
    w, h = size
    y, x = np.mgrid[0:h, 0:w]
    source = step(np.c_[x.ravel(), y.ravel()].astype(float)).astype(np.float32)
    mx, my = source[:, 0].reshape(h, w), source[:, 1].reshape(h, w)
    out = cv2.remap(p.pixels, mx, my, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return p.moved(out, step)


def smooth_field(h: int, w: int, rng, cells: int = 12) -> np.ndarray:
    """A smooth random field in -1..1 (a depth map, a cloud, a mask before its threshold)."""
    noise = rng.standard_normal((cells * h // max(h, w) + 3, cells * w // max(h, w) + 3))
    f = cv2.resize(cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 1.0), (w, h), interpolation=cv2.INTER_CUBIC)
    return f / np.abs(f).max()

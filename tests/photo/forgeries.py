"""Forgeries: edits that change what the picture shows, or where it comes from.

A local forgery takes a picture and returns it with a mask (uint8, 255 where content changed).
"""

from __future__ import annotations

import cv2
import numpy as np

import picture as geometry
from exports import blur
from picture import LUMA, Picture, smooth_field
from synthetic_sensor import linear_from_srgb, srgb_from_linear


def ellipse(p: Picture, area: float, rng):
    """A random ellipse of this share of the picture: mask, centre, radius that holds it."""
    w, h = p.size
    ratio = rng.uniform(0.6, 1.6)
    a, b = np.sqrt(area * w * h / np.pi * ratio), np.sqrt(area * w * h / np.pi / ratio)
    r = max(a, b) + 4
    cx, cy = rng.uniform(r, w - r), rng.uniform(r, h - r)
    mask = np.zeros((h, w), np.uint8)
    cv2.ellipse(mask, ((float(cx), float(cy)), (2 * a, 2 * b), rng.uniform(0, 180)), 255, -1)
    return mask, (int(cx), int(cy)), int(r)


def outline(p: Picture, area: float, rng):
    """An irregular closed shape (an object's outline) of this share of the picture."""
    w, h = p.size
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones(48)
    for harmonic in range(2, 7):
        radius += rng.normal(0, 0.35 / harmonic) * np.cos(harmonic * angles + rng.uniform(0, 6.28))
    radius = np.clip(radius, 0.35, 2)
    radius *= np.sqrt(area * w * h / (np.mean(radius**2) * np.pi))
    r = radius.max() + 4
    centre = np.array([rng.uniform(r, max(r + 1, w - r)), rng.uniform(r, max(r + 1, h - r))])
    points = centre + np.c_[np.cos(angles), np.sin(angles)] * radius[:, None]
    mask = np.zeros((h, w), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32).reshape(-1, 1, 2)], 255)
    return mask, (int(centre[0]), int(centre[1])), int(r)


def feathered(mask: np.ndarray, sigma: float = 2.0) -> np.ndarray:
    return blur(mask.astype(np.float32) / 255, sigma)[..., None]


def blended(p: Picture, source: np.ndarray, mask: np.ndarray, sigma: float = 2.0) -> Picture:
    a = feathered(mask, sigma)
    return p.with_pixels(p.pixels * (1 - a) + source * a)


def membrane(source: np.ndarray, target: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Gradient-domain cloning: the source plus the boundary's difference, carried smoothly inside
    by push-pull (Perez et al. 2003 in effect)."""
    ring = (cv2.dilate(mask, np.ones((7, 7))) > 0) & (mask == 0)
    d, weight = (target - source) * ring[..., None], ring.astype(np.float32)
    pyramid = [(d, weight)]
    half = lambda x: cv2.resize(x, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    while min(pyramid[-1][1].shape) > 3:
        pyramid.append(tuple(half(x) for x in pyramid[-1]))
    d, weight = pyramid[-1]
    fill = d / np.maximum(weight, 1e-6)[..., None]
    for d, weight in pyramid[-2::-1]:
        fill = cv2.resize(fill, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        a = np.minimum(weight * 4, 1)[..., None]
        fill = blur(fill, 1.0) * (1 - a) + d / np.maximum(weight, 1e-6)[..., None] * a
    return np.clip(source + fill, 0, 1)


def detail(x: np.ndarray, sigma: float = 2.0) -> np.ndarray:
    return x - blur(x, sigma)


def matched_noise(p: Picture, rng) -> np.ndarray:
    """Noise of the picture's own strength: the fine detail of its flattest blocks, re-drawn."""
    d = detail(p.pixels, 1.5)
    h, w = d.shape[:2]
    tile = d[: h // 16 * 16, : w // 16 * 16].reshape(h // 16, 16, w // 16, 16, 3).std((1, 3)).mean(-1)
    strength = float(np.percentile(tile, 15))
    n = blur(rng.standard_normal(d.shape).astype(np.float32), 0.6)
    return n / n.std() * strength


# ---- local --------------------------------------------------------------------------------------


def inpaint(p: Picture, area: float, rng, method: str = "telea", noise: bool = True):
    """Diffusion in-painting with noise matched to the picture's own."""
    mask, _, r = outline(p, area, rng)
    w, h = p.size
    s = max(1, r // 40)
    small = cv2.resize((p.pixels * 255).astype(np.uint8), (w // s, h // s), interpolation=cv2.INTER_AREA)
    hole = cv2.resize(mask, (w // s, h // s), interpolation=cv2.INTER_NEAREST)
    hole = cv2.dilate(hole, np.ones((3, 3)))
    flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
    fill = cv2.inpaint(small, hole, 5, flag).astype(np.float32) / 255
    fill = cv2.resize(fill, (w, h), interpolation=cv2.INTER_CUBIC)
    return blended(p, fill + (matched_noise(p, rng) if noise else 0), mask), mask


def heal(p: Picture, area: float, rng, turn: float = 0.0):
    """The healing brush: the best of several places nearby, cloned in the gradient domain."""
    mask, c, r = outline(p, area, rng)
    w, h = p.size
    ring = cv2.dilate(mask, np.ones((9, 9))) & ~mask
    ys, xs = np.where(ring > 0)
    best = None
    for k in range(24):
        t = 2 * np.pi * k / 24
        dx, dy = int(2.1 * r * np.cos(t)), int(2.1 * r * np.sin(t))
        inside = r < c[0] + dx < w - r and r < c[1] + dy < h - r
        if not inside or xs.min() + dx < 0 or ys.min() + dy < 0:
            continue
        if xs.max() + dx >= w or ys.max() + dy >= h:
            continue
        d = float(np.abs(p.pixels[ys, xs] - p.pixels[ys + dy, xs + dx]).mean())
        if best is None or d < best[0]:
            best = (d, dx, dy)
    if best is None:
        return inpaint(p, area, rng)
    m = cv2.getRotationMatrix2D((float(c[0]), float(c[1])), turn, 1.0).astype(np.float32)
    m[:, 2] += [-best[1], -best[2]]
    source = cv2.warpAffine(p.pixels, m, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return blended(p, membrane(source, p.pixels, mask), mask, 1.5), mask


def _donor_window(donor: np.ndarray, r: int, rng) -> np.ndarray:
    h, w = donor.shape[:2]
    k = max(1.0, min(h, w) / (2 * r + 2) / rng.uniform(1.2, 3))
    k = min(k, min(h, w) / (2 * r + 3))
    d = cv2.resize(donor, (int(w / k), int(h / k)), interpolation=cv2.INTER_AREA)
    y = int(rng.integers(0, d.shape[0] - 2 * r))
    x = int(rng.integers(0, d.shape[1] - 2 * r))
    return d[y : y + 2 * r, x : x + 2 * r]


def insert_object(p: Picture, area: float, rng, donor: np.ndarray, blend: bool):
    """An outline cut from another picture, its tone brought near the place, edges softened."""
    mask, c, r = outline(p, area, rng)
    window = _donor_window(donor, r, rng)
    source = p.pixels.copy()
    y, x = max(0, c[1] - r), max(0, c[0] - r)
    part = source[y : y + 2 * r, x : x + 2 * r]
    part[:] = window[: part.shape[0], : part.shape[1]]
    if blend:
        source = membrane(source, p.pixels, mask)
    else:
        inside = mask > 0
        source = source + (p.pixels[inside].mean(0) - source[inside].mean(0)) * 0.5
    return blended(p, source, mask, 2.5), mask


def copy_move(p: Picture, area: float, rng, turn: float = 0.0, scale: float = 1.0):
    """A part of the picture again elsewhere, turned and scaled."""
    mask, c, r = outline(p, area, rng)
    w, h = p.size
    for _ in range(60):
        x, y = int(rng.integers(r, w - r)), int(rng.integers(r, h - r))
        if np.hypot(x - c[0], y - c[1]) > 2 * r:
            break
    m = cv2.getRotationMatrix2D((float(x), float(y)), turn, scale).astype(np.float32)
    m[:, 2] += [c[0] - x, c[1] - y]
    source = cv2.warpAffine(p.pixels, m, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return blended(p, source, mask), mask


def sky(p: Picture, rng, clouds: bool = True):
    """The upper third replaced by a drawn sky, along a wavy line."""
    w, h = p.size
    edge = (0.33 + 0.05 * smooth_field(2, w, rng, 8)[0]) * h
    y = np.arange(h)[:, None]
    mask = ((y < edge[None]) * 255).astype(np.uint8)
    top, low = np.float32([0.30, 0.48, 0.78]), np.float32([0.72, 0.80, 0.90])
    t = (y / (0.36 * h))[..., None].astype(np.float32).clip(0, 1)
    drawn = np.repeat(top * (1 - t) + low * t, w, 1)
    if clouds:
        f = sum(smooth_field(h, w, rng, n) / n**0.5 for n in (5, 11, 23, 47))
        drawn = drawn + np.clip(f * 0.7 - 0.12, 0, 0.5)[..., None]
    return blended(p, np.clip(drawn + matched_noise(p, rng), 0, 1), mask, 3.0), mask


def regenerate(p: Picture, rng, mask: np.ndarray | None, k: int = 3):
    """What a generative pass leaves: coarse structure kept, detail above 1/k of Nyquist invented,
    the picture's own noise gone and another's in its place."""
    w, h = p.size
    low = cv2.resize(p.pixels, (w // k, h // k), interpolation=cv2.INTER_AREA)
    low = cv2.resize(low, (w, h), interpolation=cv2.INTER_LANCZOS4)
    low = low + detail(low, k * 0.9) * 1.0
    activity = blur(np.abs(detail(low, k * 2.0)).mean(2), k * 2.0)[..., None]
    invented = blur(rng.standard_normal((h, w)).astype(np.float32), 0.8)[..., None] * activity * 0.8
    out = np.clip(low + invented + matched_noise(p, rng), 0, 1)
    if mask is None:
        return p.with_pixels(out), np.full((h, w), 255, np.uint8)
    return blended(p, out, mask, 4.0), mask


def retexture(p: Picture, area: float, rng):
    """Coarse structure kept, fine detail taken from elsewhere in the picture (texture synthesis)."""
    mask, c, r = outline(p, area, rng)
    other = detail(np.roll(p.pixels, (3 * r, 2 * r), (0, 1)), 4.0)
    return blended(p, np.clip(blur(p.pixels, 4.0) + other, 0, 1), mask, 3.0), mask


def liquify(p: Picture, rng, amount: float):
    """A local push of `amount` pixels."""
    w, h = p.size
    cx, cy, r = rng.uniform(0.3, 0.7) * w, rng.uniform(0.3, 0.7) * h, min(w, h) * 0.13
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    g = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (r / 2.2) ** 2)) * amount
    out = cv2.remap(p.pixels, x - g, y + 0.6 * g, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return p.with_pixels(out), ((g > 1) * 255).astype(np.uint8)


def mirrored_half(p: Picture):
    w, h = p.size
    out = p.pixels.copy()
    out[:, w - w // 2 :] = p.pixels[:, : w // 2][:, ::-1]
    mask = np.zeros((h, w), np.uint8)
    mask[:, w - w // 2 :] = 255
    return p.with_pixels(out), mask


def merged(p: Picture, other: Picture, area: float, rng):
    """A part of another exposure of the same scene, pasted over this one."""
    mask, _, _ = outline(p, area, rng)
    return blended(p, other.pixels, mask, 3.0), mask


# ---- whole ----------------------------------------------------------------------------------------


def recapture_screen(p: Picture, rng, pitch: float, grid: float, blur_sigma: float) -> Picture:
    """The picture on a striped-RGB screen, photographed a little askew. `pitch`: camera pixels per
    screen pixel; `grid`: darkness of the lines between rows."""
    screen = geometry.long_side(p, 1300)
    x = linear_from_srgb(screen.pixels).astype(np.float32)
    h, w = x.shape[:2]
    fine = np.zeros((h * 3, w * 3, 3), np.float32)
    for c in range(3):
        fine[:, c::3, c] = np.repeat(x[..., c], 3, 0) * 2.6
    fine[::3] *= 1 - grid
    cw, ch = int(w * pitch), int(h * pitch)
    d = lambda: float(rng.uniform(0.004, 0.02))
    old = np.float32(
        [[3 * w * d(), 3 * h * d()], [3 * w * (1 - d()), 3 * h * d()], [3 * w * (1 - d()), 3 * h * (1 - d())], [3 * w * d(), 3 * h * (1 - d())]]
    )
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [cw, 0], [cw, ch], [0, ch]]), old)
    out = cv2.warpPerspective(blur(fine, blur_sigma), m, (cw, ch), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    out = out / out.mean((0, 1)) * x.mean((0, 1)) * np.float32([0.96, 1, 1.07]) + 0.006
    out *= (1.06 - 0.14 * np.linspace(0, 1, cw, dtype=np.float32))[None, :, None]
    out = srgb_from_linear(out) + rng.normal(0, 0.011, out.shape)
    return screen.moved(out.astype(np.float32), geometry.homography(geometry.scaling(1 / 3, 1 / 3) @ m))


def recapture_print(p: Picture, rng, cell: float) -> Picture:
    """The picture printed with a halftone of four turned screens, photographed. `cell`: pixels."""
    sheet = geometry.long_side(p, 2000)
    w, h = sheet.size
    s = 2
    big = cv2.resize(sheet.pixels, (w * s, h * s), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    key = (1 - big.max(2)) * 0.7
    inks = [1 - big[..., c] - key for c in range(3)] + [key]
    y, x = np.mgrid[0 : h * s, 0 : w * s].astype(np.float32)
    paper = np.full(big.shape, 0.93, np.float32)
    tints = np.float32([[0.12, 0.62, 0.9], [0.85, 0.15, 0.5], [0.95, 0.88, 0.1], [0.08, 0.08, 0.08]])
    for ink, angle, tint in zip(inks, (15, 75, 0, 45), tints):
        t = np.deg2rad(angle)
        u, v = (x * np.cos(t) + y * np.sin(t)) / (cell * s), (-x * np.sin(t) + y * np.cos(t)) / (cell * s)
        spot = 0.5 + 0.25 * (np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v))
        cover = np.clip((ink - (1 - spot)) * 4 + 0.5, 0, 1)[..., None]
        paper = paper * (1 - cover * (1 - tint))
    out = cv2.resize(blur(paper, 1.2), (w, h), interpolation=cv2.INTER_AREA)
    out = out + rng.normal(0, 0.01, out.shape)
    d = lambda: float(rng.uniform(0.004, 0.02))
    old = np.float32([[w * d(), h * d()], [w * (1 - d()), h * d()], [w * (1 - d()), h * (1 - d())], [w * d(), h * (1 - d())]])
    m = cv2.getPerspectiveTransform(np.float32([[0, 0], [w, 0], [w, h], [0, h]]), old).astype(float)
    return geometry.warped(sheet.with_pixels(out), m, (w, h))


def parallax(picture8: np.ndarray, rng, amount: float, jitter: tuple[float, float]) -> np.ndarray:
    """The scene from a slightly other place: a smooth depth field of `amount` pixels and a shift."""
    h, w = picture8.shape[:2]
    z = smooth_field(h, w, rng, 14)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    mx, my = x + amount * z + jitter[0], y + 0.3 * amount * z + jitter[1]
    return cv2.remap(picture8, mx, my, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)

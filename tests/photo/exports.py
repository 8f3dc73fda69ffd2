"""Honest edits: what a photographer does to an exposure without changing what it shows."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image, ImageCms

from picture import LUMA, Picture, smooth_field
from synthetic_sensor import linear_from_srgb, srgb_from_linear

ICC_FOLDER = "/usr/share/rawtherapee/iccprofiles/output/"


def _linear(p: Picture) -> np.ndarray:
    return linear_from_srgb(np.clip(p.pixels, 0, 1)).astype(np.float32)


def _from_linear(p: Picture, x: np.ndarray) -> Picture:
    return p.with_pixels(srgb_from_linear(x))


def _luma(p: Picture) -> np.ndarray:
    return (p.pixels @ LUMA)[..., None]


def blur(x: np.ndarray, sigma: float) -> np.ndarray:
    out = cv2.GaussianBlur(x, (0, 0), sigma)
    return out[..., None] if x.ndim == 3 and out.ndim == 2 else out


# ---- tone and colour -------------------------------------------------------------------------


def exposure(p: Picture, ev: float) -> Picture:
    x = _linear(p) * 2.0**ev
    if ev > 0:  # a soft shoulder instead of a hard clip
        x = np.where(x > 0.8, 1 - 0.2 * np.exp(-(x - 0.8) / 0.2), x)
    return _from_linear(p, x)


def white_balance(p: Picture, red: float, blue: float) -> Picture:
    return _from_linear(p, _linear(p) * np.float32([red, 1, blue]))


def contrast(p: Picture, strength: float) -> Picture:
    f = lambda x: 1 / (1 + np.exp(-strength * (x - 0.45)))
    return p.with_pixels((f(p.pixels) - f(0)) / (f(1) - f(0)))


def saturation(p: Picture, s: float) -> Picture:
    g = _luma(p)
    return p.with_pixels(g + (p.pixels - g) * s)


def black_and_white(p: Picture, weights=(0.3, 0.59, 0.11)) -> Picture:
    return p.with_pixels(np.repeat((p.pixels @ np.float32(weights))[..., None], 3, 2))


def sepia(p: Picture) -> Picture:
    return p.with_pixels(_luma(p) * np.float32([1.07, 0.9, 0.68]) + np.float32([0.03, 0.02, 0.01]))


def curves(p: Picture, rng, strength: float = 0.12) -> Picture:
    """A monotone curve of its own for each channel (cross-processing, LUT looks)."""
    knots = np.linspace(0, 1, 6)
    out = np.empty_like(p.pixels)
    for c in range(3):
        y = np.maximum.accumulate(np.clip(knots + rng.uniform(-strength, strength, 6), 0, 1))
        y = np.maximum.accumulate(y + np.arange(6) * 0.01)
        grid = np.linspace(0, 1, 1024)
        smooth = cv2.GaussianBlur(np.interp(grid, knots, y / max(1, y[-1])).reshape(1, -1), (0, 0), 60)
        out[..., c] = np.interp(p.pixels[..., c], grid, smooth.ravel())
    return p.with_pixels(out)


def teal_and_orange(p: Picture) -> Picture:
    g = _luma(p)
    return saturation(p.with_pixels(p.pixels + (g - 0.45) * np.float32([0.16, 0.02, -0.16])), 1.15)


def hue_shift(p: Picture, centre: float, width: float, degrees: float, sat: float = 1.0) -> Picture:
    """The HSL panel: hues near `centre` (degrees) are turned and saturated, smoothly."""
    hsv = cv2.cvtColor(p.pixels, cv2.COLOR_RGB2HSV)
    away = np.abs((hsv[..., 0] - centre + 180) % 360 - 180)
    weight = np.clip(1 - away / width, 0, 1) * np.clip(hsv[..., 1] * 3, 0, 1)
    hsv[..., 0] = (hsv[..., 0] + degrees * weight) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] * (1 + (sat - 1) * weight), 0, 1)
    return p.with_pixels(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


def faded(p: Picture) -> Picture:
    return p.with_pixels(0.09 + 0.8 * p.pixels)


def dehaze(p: Picture, amount: float = 0.35) -> Picture:
    """Veil subtracted by the dark channel (He, Sun, Tang 2009), smoothed by a wide window."""
    dark = cv2.erode(p.pixels.min(2), np.ones((15, 15)))
    veil = blur(dark, max(p.size) / 60)[..., None] * amount
    return p.with_pixels((p.pixels - veil) / (1 - veil))


def shadows_highlights(p: Picture, amount: float = 0.5) -> Picture:
    base = blur(_luma(p), max(p.size) / 50)
    return p.with_pixels(p.pixels + amount * (0.5 - base) * 4 * p.pixels * (1 - p.pixels))


def local_contrast_look(p: Picture, clip: float = 2.0) -> Picture:
    """Contrast-limited adaptive equalisation of the lightness (the "HDR" look)."""
    lab = cv2.cvtColor(p.pixels, cv2.COLOR_RGB2LAB)
    light = np.clip(lab[..., 0] * 655.35, 0, 65535).astype(np.uint16)
    lab[..., 0] = cv2.createCLAHE(clip, (6, 6)).apply(light) / 655.35
    return p.with_pixels(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


# ---- place-dependent --------------------------------------------------------------------------


def vignette(p: Picture, amount: float) -> Picture:
    w, h = p.size
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    r2 = ((x - w / 2) / (w / 2)) ** 2 + ((y - h / 2) / (h / 2)) ** 2
    return _from_linear(p, _linear(p) * np.maximum(0, 1 + amount * r2 / 2)[..., None])


def gradient(p: Picture, ev: float, angle: float) -> Picture:
    w, h = p.size
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    t = ((x / w - 0.5) * np.cos(angle) + (y / h - 0.5) * np.sin(angle)) * 2
    return _from_linear(p, _linear(p) * 2.0 ** (ev * np.clip(t, 0, 1)[..., None]))


def brush(p: Picture, rng, ev: float, strokes: int = 3, warm: float = 0.0) -> Picture:
    """Dodging or burning along soft brush strokes."""
    w, h = p.size
    mask = np.zeros((h, w), np.float32)
    for _ in range(strokes):
        points = np.cumsum(rng.normal(0, 0.06, (9, 2)), 0) + rng.uniform(0.25, 0.75, 2)
        line = (points * [w, h]).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(mask, [line], False, 1.0, thickness=max(8, w // 16))
    mask = blur(mask, w / 45)[..., None]
    tint = np.float32([1 + warm, 1, 1 - warm])
    return _from_linear(p, _linear(p) * 2.0 ** (ev * mask) * (1 + (tint - 1) * mask))


# ---- detail -----------------------------------------------------------------------------------


def sharpen(p: Picture, sigma: float, amount: float) -> Picture:
    return p.with_pixels(p.pixels + (p.pixels - blur(p.pixels, sigma)) * amount)


def glow(p: Picture, amount: float = 0.4) -> Picture:
    soft = blur(p.pixels, max(p.size) / 120)
    return p.with_pixels(p.pixels * (1 - amount) + (1 - (1 - p.pixels) * (1 - soft)) * amount * 0.8)


def grain(p: Picture, rng, amount: float) -> Picture:
    g = blur(rng.standard_normal(p.pixels.shape[:2]).astype(np.float32), 0.7)[..., None]
    return p.with_pixels(p.pixels + g * amount * (0.4 + 1.2 * p.pixels * (1 - p.pixels)))


def denoise_means(p: Picture, luma: float, chroma: float) -> Picture:
    """Non-local means (Buades, Coll, Morel 2005), strengths in 8-bit steps."""
    u8 = (p.pixels * 255 + 0.5).astype(np.uint8)
    return p.with_pixels(cv2.fastNlMeansDenoisingColored(u8, None, luma, chroma, 5, 13).astype(np.float32) / 255)


def denoise_chroma(p: Picture, sigma: float) -> Picture:
    lab = cv2.cvtColor(p.pixels, cv2.COLOR_RGB2LAB)
    lab[..., 1:] = cv2.GaussianBlur(lab[..., 1:], (0, 0), sigma)
    return p.with_pixels(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def denoise_bilateral(p: Picture, range_sigma: float) -> Picture:
    return p.with_pixels(cv2.bilateralFilter(p.pixels, 7, range_sigma, 2.0))


def lateral_colour(p: Picture, red: float, blue: float) -> Picture:
    """Red and blue planes scaled about the centre: lateral chromatic aberration put right."""
    w, h = p.size
    out = p.pixels.copy()
    for channel, s in ((0, red), (2, blue)):
        m = np.float32([[s, 0, (1 - s) * (w - 1) / 2], [0, s, (1 - s) * (h - 1) / 2]])
        plane = np.ascontiguousarray(p.pixels[..., channel])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        out[..., channel] = cv2.warpAffine(plane, m, (w, h), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return p.with_pixels(out)


def recompressed(p: Picture, quality: int) -> Picture:
    """Through a JPEG of this quality and back (a second generation follows on saving)."""
    buffer = io.BytesIO()
    Image.fromarray((p.pixels * 255 + 0.5).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return p.with_pixels(np.asarray(Image.open(buffer)).astype(np.float32) / 255)


def to_profile(p: Picture, name: str) -> Picture:
    """Converted to one of RawTherapee's output profiles, which the file will then carry."""
    from dataclasses import replace

    u8 = Image.fromarray((p.pixels * 255 + 0.5).astype(np.uint8))
    target = ImageCms.getOpenProfile(ICC_FOLDER + name)
    out = ImageCms.profileToProfile(u8, ImageCms.createProfile("sRGB"), target, renderingIntent=1)
    with open(ICC_FOLDER + name, "rb") as f:
        return replace(p, pixels=np.asarray(out).astype(np.float32) / 255, icc=f.read())


def random_chain(p: Picture, rng) -> Picture:
    """Four to six edits in a plausible order, drawn at random."""
    import picture as geometry

    if rng.random() < 0.5:
        p = geometry.lens(p, rng.uniform(-0.035, 0.035), rng.uniform(-0.01, 0.01))
    if rng.random() < 0.6:
        p = geometry.rotated(p, rng.uniform(-6, 6))
    if rng.random() < 0.25:
        p = geometry.perspective(p, 0.03, rng)
    if rng.random() < 0.7:
        p = geometry.crop_to(p, rng.uniform(0.35, 0.95), rng)
    if rng.random() < 0.2:
        p = geometry.mirrored(p)
    p = white_balance(p, rng.uniform(0.85, 1.2), rng.uniform(0.8, 1.2))
    p = exposure(p, rng.uniform(-0.7, 0.7))
    tones = [
        lambda: contrast(p, rng.uniform(3, 7)),
        lambda: curves(p, rng, 0.06),
        lambda: shadows_highlights(p, rng.uniform(0.2, 0.5)),
        lambda: teal_and_orange(p),
        lambda: black_and_white(p),
        lambda: saturation(p, rng.uniform(0.6, 1.4)),
    ]
    p = tones[int(rng.integers(len(tones)))]()
    places = [
        lambda: p,
        lambda: vignette(p, rng.uniform(-0.6, 0.2)),
        lambda: brush(p, rng, rng.uniform(-0.7, 0.7)),
        lambda: gradient(p, rng.uniform(-1, 0.5), rng.uniform(0, 6.28)),
    ]
    p = places[int(rng.integers(len(places)))]()
    p = geometry.long_side(p, int(rng.integers(1100, 2600)))
    details = [
        lambda: p,
        lambda: sharpen(p, rng.uniform(0.6, 1.2), rng.uniform(0.5, 1.3)),
        lambda: sharpen(p, 20, rng.uniform(0.2, 0.4)),
        lambda: grain(p, rng, 0.03),
        lambda: denoise_chroma(p, 2.5),
    ]
    return details[int(rng.integers(len(details)))]()

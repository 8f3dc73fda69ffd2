#!/usr/bin/env python3
"""Makes labelled pairs (RAW, picture) of synthetic cameras: honest exports and forgeries.

    make_pairs.py OUT [--cameras night,foliage] [--only KIND,…] [--seed 11]

One folder per camera with its own `manifest.json`; paths in it are relative to that folder.
Every row: id, raw, jpeg, label (honest|forged), kind, family, size, truth (a 9 by 9 grid of
[x, y of the upright picture, x, y of the RAW's visible frame]), H_jpeg_to_lr (where the way is a
homography), nonprojective, and for local forgeries mask_bbox, area_frac and delta (mean change
inside, in 8-bit steps). PHOTO_DATA names the folder that holds jpg/*.jpg to expose from.
The same seed makes the same files with the same versions of the packages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import rawpy
import tifffile
from PIL import Image, ImageCms

import exports as e
import forgeries as f
import picture as g
import synthetic_sensor as ss
from picture import Picture

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("PHOTO_DATA", os.path.join(HERE, "../../../shared/data/photo"))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
S = ss.Sensor

# name: source picture, scale, other pictures, sensor. Contents differ on purpose: a car, snow with
# one leaf, branches at night, a garden, a plain sky, fish, a book on a rug, a bridge, a waterfall,
# hard light on a pavement, a kiosk, toys, gadgets.
CAMERAS = {
    "car": ("Canon_EOS_450D", 0.7, ["Sony_DSC-T5", "Nikon_D90"], S("Canon", "S45", "canon_450d", "RGGB", 14, 1023, 15800, 9000, 5, iso=800)),
    "snow": ("Nikon_D3100", 0.65, ["Sigma_DP1", "Canon_EOS_450D"], S("Nikon", "S31", "nikon_d3100", "GBRG", 12, 0, 3880, 20000, 4, iso=200)),
    "night": ("Nexus_4", 0.8, ["Olympus_E-20", "Kodak_PIXPRO_S-1"], S("LGE", "SN4", "sony", "GRBG", 12, 64, 4092, 3500, 4, prnu=0.01, iso=1000)),
    "garden": ("Sony_DSC-T5", 0.8, ["Nexus_4", "Leica_T__Typ_701_"], S("Sony", "ST5", "sony", "RGGB", 14, 800, 16300, 12000, 6, iso=400)),
    "sky": ("Leica_T__Typ_701_", 0.55, ["Nikon_D40", "Canon_EOS_1000D"], S("Leica", "SLT", "nikon", "BGGR", 14, 512, 16383, 25000, 5, iso=160)),
    "fish": ("Kodak_PIXPRO_S-1", 0.55, ["Issue_266", "Nikon_D3100"], S("Kodak", "SK1", "olympus", "GBRG", 12, 256, 4095, 8000, 3.5, iso=400)),
    "book": ("Nikon_D90", 0.6, ["Canon_EOS_20D__3_", "Olympus_E-20"], S("Nikon", "S90", "nikon", "RGGB", 12, 0, 3900, 5000, 4, iso=1250)),
    "bridge": ("Olympus_E-20", 0.8, ["Canon_EOS_450D", "Nikon_D40"], S("Olympus", "SE2", "olympus", "BGGR", 12, 100, 4000, 12000, 8, hot_pixels=2e-5, iso=200)),
    "fall": ("Sigma_DP1", 0.8, ["Nikon_D90", "Issue_266"], S("Pentax", "SK5", "canon", "GRBG", 14, 1024, 16000, 4000, 3, iso=1600)),
    "pavement": ("Canon_EOS_1000D", 0.65, ["Nikon_D3100", "Sony_DSC-T5"], S("Canon", "S1K", "canon", "GBRG", 14, 2048, 15200, 14000, 7, row_noise_e=1.5, iso=400)),
    "kiosk": ("Nikon_D40", 0.85, ["Sigma_DP1", "Leica_T__Typ_701_"], S("Nikon", "S40", "nikon", "BGGR", 12, 0, 3950, 30000, 9, iso=200)),
    "toys": ("Canon_EOS_20D__3_", 0.8, ["Kodak_PIXPRO_S-1", "Nexus_4"], S("Canon", "S20", "canon", "RGGB", 12, 128, 4000, 9000, 8, iso=400)),
}


def seeded(*parts) -> np.random.Generator:
    key = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(key[:8], "little"))


def source_picture(name: str) -> np.ndarray:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.imread(f"{DATA}/jpg/{name}.jpg", flags)[:, :, ::-1].copy()


def scene(name: str, scale: float) -> np.ndarray:
    """What is exposed: the source made smaller and freed of its own noise. A scene has none: what
    stayed in would be the same in two exposures, and neither would be told from the other."""
    rgb8 = source_picture(name)
    height, width = rgb8.shape[:2]
    size = (int(width * scale) // 2 * 2, int(height * scale) // 2 * 2)
    rgb8 = cv2.resize(rgb8, size, interpolation=cv2.INTER_AREA)
    return cv2.fastNlMeansDenoisingColored(rgb8, None, 5, 7, 5, 13)


# ---- development --------------------------------------------------------------------------------


def developed(raw: str, program: str, folder: str) -> np.ndarray | None:
    """The RAW as this program renders it with its defaults, float32; None where it is absent."""
    out = f"{folder}/{os.path.basename(raw)}.{program}.tif"
    quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not os.path.exists(out):
        if program == "rawtherapee":
            if not shutil.which("rawtherapee-cli"):
                return None
            command = ["rawtherapee-cli", "-q", "-o", out, "-t", "-b16", "-d", "-Y", "-c", raw]
            subprocess.run(command, **quiet)
        elif program == "darktable":
            if not shutil.which("darktable-cli"):
                return None
            core = ["--core", "--library", ":memory:", "--configdir", f"{folder}/darktable"]
            bits = ["--conf", "plugins/imageio/format/tiff/bpp=16"]
            subprocess.run(["darktable-cli", raw, out, "--icc-type", "SRGB", *core, *bits], **quiet)
        else:
            method = {"libraw": rawpy.DemosaicAlgorithm.AHD, "libraw_linear": rawpy.DemosaicAlgorithm.LINEAR}[program]
            with rawpy.imread(raw) as r:
                rgb = r.postprocess(use_camera_wb=True, no_auto_bright=True, output_bps=16, gamma=(2.4, 12.92), demosaic_algorithm=method)
            tifffile.imwrite(out, rgb)
    x = tifffile.imread(out)[..., :3]
    return x.astype(np.float32) / (65535 if x.dtype == np.uint16 else 255)


def placed(x: np.ndarray, reference: np.ndarray) -> Picture:
    """A rendering with the shift that a developer's own border crop leaves, by phase correlation."""
    flat = lambda a: cv2.GaussianBlur(np.log(cv2.cvtColor(a, cv2.COLOR_RGB2GRAY) + 0.02), (0, 0), 1.0)
    a, b = flat(x), flat(reference)
    h, w = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    s = 512
    window = cv2.createHanningWindow((s, s), cv2.CV_64F)
    found = []
    for fy in (0.05, 0.35, 0.6):
        for fx in (0.05, 0.35, 0.6):
            y, x0 = min(int(h * fy), h - s), min(int(w * fx), w - s)
            cut = [np.float64(p[y : y + s, x0 : x0 + s]) for p in (a, b)]
            (dx, dy), response = cv2.phaseCorrelate(*cut, window)
            found.append((response, dx, dy))
    best = sorted(found)[-5:]
    m = g.shift(float(np.median([r[1] for r in best])), float(np.median([r[2] for r in best])))
    return Picture(x, (g.homography(m),))


# ---- writing --------------------------------------------------------------------------------------


def save(p: Picture, path: str, quality: int, raw: str | None, **options) -> None:
    """JPEG (or the format of the path's ending) with profile, and the RAW's own EXIF."""
    image = Image.fromarray((np.clip(p.pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
    orientation = options.pop("orientation", 1)
    turns = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    if turns[orientation] is not None:
        image = image.transpose(turns[orientation])
    mode = options.pop("mode", None)
    if mode:
        image = image.convert(mode)
    settings = dict(quality=quality, icc_profile=p.icc or SRGB)
    if path.endswith(".jpg"):
        settings["subsampling"] = 0 if quality >= 90 else 2
    if path.endswith((".png", ".tif")):
        settings.pop("quality")
    if mode:
        settings.pop("icc_profile")
    image.save(path, **{**settings, **options})
    if raw and path.endswith((".jpg", ".tif", ".png")):
        tags = ["Make", "Model", "ISO", "ExposureTime", "FNumber", "FocalLength", "DateTimeOriginal", "CreateDate"]
        command = ["exiftool", "-q", "-overwrite_original", "-TagsFromFile", raw, *[f"-{t}" for t in tags]]
        subprocess.run([*command, f"-Orientation#={orientation}", "-Software=Editor 1.0", path], stderr=subprocess.DEVNULL)


class Folder:
    """The pairs of one camera while they are made."""

    def __init__(self, out: str, name: str, raw: str, only: set[str]):
        self.out, self.name, self.raw, self.only, self.rows = out, name, raw, only, []

    def wants(self, kind: str) -> bool:
        return not self.only or kind in self.only

    def add(self, label, kind, family, p: Picture, quality=90, mask=None, delta=None, raw=None, exif=True, suffix="jpg", **options):
        raw = raw or self.raw
        path = f"{self.out}/{kind}.{suffix}"
        save(p, path, quality, raw if exif else None, **options)
        w, h = p.size
        x, y = np.meshgrid(np.linspace(0.05 * w, 0.95 * w, 9), np.linspace(0.05 * h, 0.95 * h, 9))
        points = np.c_[x.ravel(), y.ravel()]
        matrix = p.matrix()
        row = dict(
            id=f"{self.name}__{kind}",
            raw=os.path.relpath(raw, self.out),
            jpeg=os.path.relpath(path, self.out),
            label=label,
            kind=kind,
            family=family,
            size=[w, h],
            quality=quality,
            nonprojective=matrix is None,
            truth=np.round(np.c_[points, p.to_raw(points)], 3).tolist(),
        )
        if matrix is not None:
            row["H_jpeg_to_lr"] = np.round(matrix, 9).tolist()
        if mask is not None and mask.min() == 0 and mask.max() > 0:
            ys, xs = np.where(mask > 0)
            row["mask_bbox"] = [int(v) for v in (xs.min(), ys.min(), xs.max(), ys.max())]
            row.update(area_frac=float((mask > 0).mean()), delta=delta)
        self.rows.append(row)
        print(row["id"], w, h, flush=True)


# ---- the plan ---------------------------------------------------------------------------------------


def honest(folder: Folder, rt: Picture, dt: Picture, lr: Picture, rng_for) -> None:
    mid = g.long_side(rt, 2400)
    tall = g.long_side(dt, 2000)

    def add(kind, family, make, quality=90, **options):
        if folder.wants(kind):
            folder.add("honest", kind, family, make(rng_for(kind)), quality, **options)

    scaled = lambda p, sx, sy: g.resized(p, int(p.size[0] * sx), int(p.size[1] * sy))
    add("plain_linear_q92", "render", lambda r: lr, 92)
    add("plain_darktable_q80", "render", lambda r: dt, 80)
    add("q50_1600", "resize", lambda r: g.long_side(rt, 1600), 50)
    add("q35_1200", "resize", lambda r: g.long_side(rt, 1200), 35)
    add("thumb_640", "resize", lambda r: g.long_side(rt, 640), 85)
    add("enlarged_1.3", "resize", lambda r: scaled(mid, 1.3, 1.3), 90)
    add("lanczos_1500", "resize", lambda r: g.resized(rt, 1500, round(1500 * rt.size[1] / rt.size[0]), cv2.INTER_LANCZOS4))
    add("anisotropic_6", "resize", lambda r: scaled(mid, 0.94, 1.0))
    add("crop_keep20", "crop", lambda r: g.crop_to(rt, 0.2, r))
    add("crop_keep12", "crop", lambda r: g.crop_to(dt, 0.12, r), 88)
    add("crop_keep40_q75", "crop", lambda r: g.crop_to(rt, 0.4, r), 75)
    add("mirror", "rotate", lambda r: g.mirrored(mid))
    add("mirror_vertical", "rotate", lambda r: g.mirrored(tall, True), 85)
    add("mirror_turned_crop", "rotate", lambda r: g.crop_to(g.quarter_turns(g.mirrored(mid), 1), 0.6, r))
    add("turned_12deg", "rotate", lambda r: g.long_side(g.rotated(rt, 12), 2000))
    add("turned_-30deg", "rotate", lambda r: g.long_side(g.rotated(rt, -30), 1800))
    add("exif_6", "rotate", lambda r: g.quarter_turns(mid, 1), 90, orientation=6)
    add("exif_8", "rotate", lambda r: g.quarter_turns(tall, 3), 88, orientation=8)
    add("exif_3", "rotate", lambda r: g.quarter_turns(mid, 2), 88, orientation=3)
    add("lens_k-0.06", "optic", lambda r: g.long_side(g.lens(rt, -0.06), 2200))
    add("lens_k+0.05_k2", "optic", lambda r: g.long_side(g.lens(rt, 0.05, -0.02), 2200))
    add("lens_perspective", "optic", lambda r: g.long_side(g.perspective(g.lens(rt, -0.03, 0.01), 0.04, r), 2200))
    add("perspective_8", "optic", lambda r: g.long_side(g.perspective(rt, 0.08, r), 2000))
    add("lateral_colour", "optic", lambda r: e.lateral_colour(rt, 1.0008, 0.9991))
    add("vignette_gradient", "optic", lambda r: e.gradient(e.vignette(mid, -0.6), -1.1, r.uniform(0, 6.28)))
    add("ev+2", "tone", lambda r: e.exposure(mid, 2.0))
    add("ev-2.5", "tone", lambda r: e.exposure(mid, -2.5))
    add("curves_a", "tone", lambda r: e.curves(mid, r, 0.14))
    add("curves_b_faded", "tone", lambda r: e.faded(e.curves(tall, r, 0.08)), 82)
    add("contrast_extreme", "tone", lambda r: e.contrast(mid, 11))
    add("sepia", "tone", lambda r: e.sepia(mid))
    add("teal_orange", "tone", lambda r: e.teal_and_orange(mid))
    add("hue_blue", "colour", lambda r: e.hue_shift(mid, 220, 60, 25, 1.3))
    add("hue_red_green", "colour", lambda r: e.hue_shift(e.hue_shift(mid, 0, 40, 18, 0.7), 110, 60, -30, 1.4))
    add("bw_blue_filter", "bw", lambda r: e.black_and_white(mid, (0.05, 0.25, 0.7)))
    add("bw_grey_jpeg", "bw", lambda r: e.contrast(e.black_and_white(tall), 6), 88, mode="L")
    add("dehaze", "local", lambda r: e.dehaze(mid, 0.4))
    add("shadows_highlights", "local", lambda r: e.shadows_highlights(mid, 0.6))
    add("hdr_look", "local", lambda r: e.local_contrast_look(tall, 2.5))
    add("brush_dodge", "local", lambda r: e.brush(mid, r, 0.8))
    add("brush_burn_warm", "local", lambda r: e.brush(e.brush(mid, r, -0.9), r, 0.5, 2, 0.08))
    add("glow", "detail", lambda r: e.glow(mid))
    add("grain_fine", "detail", lambda r: e.grain(mid, r, 0.03))
    add("grain_strong_bw", "detail", lambda r: e.grain(e.black_and_white(tall), r, 0.07))
    add("denoise_weak", "denoise", lambda r: e.denoise_means(tall, 2, 4))
    add("denoise_strong", "denoise", lambda r: e.denoise_means(tall, 8, 10))
    add("denoise_chroma", "denoise", lambda r: e.denoise_chroma(mid, 4))
    add("denoise_bilateral", "denoise", lambda r: e.denoise_bilateral(mid, 0.06))
    add("sharpen_web_1200", "detail", lambda r: e.sharpen(g.long_side(rt, 1200), 0.5, 1.4), 82)
    add("sharpen_strong", "detail", lambda r: e.sharpen(mid, 1.6, 2.2))
    add("clarity_minus", "detail", lambda r: e.sharpen(mid, 22, -0.35))
    add("prophoto", "profile", lambda r: e.to_profile(mid, "RTv4_Large.icc"))
    add("prophoto_sat", "profile", lambda r: e.to_profile(e.saturation(tall, 1.5), "RTv4_Large.icc"), 85)
    add("cmyk", "format", lambda r: tall, 88, mode="CMYK")
    add("progressive", "format", lambda r: mid, 85, progressive=True, optimize=True)
    add("subsampled_422", "format", lambda r: g.crop(mid, 0, 0, mid.size[0] - 3, mid.size[1] - 5), 90, subsampling=1)
    add("png", "format", lambda r: g.long_side(rt, 1500), 90, suffix="png")
    add("tiff", "format", lambda r: g.long_side(rt, 1500), 90, suffix="tif")
    add("webp", "format", lambda r: mid, 80, suffix="webp")
    add("no_exif", "format", lambda r: tall, 90, exif=False)
    add("generations_3", "chain", lambda r: e.recompressed(g.crop(e.recompressed(mid, 90), 3, 5, mid.size[0] - 9, mid.size[1] - 11), 80), 75)
    for i in range(10):
        quality = int(rng_for(f"q{i}").integers(65, 96))
        add(f"chain_{i}", "chain", lambda r: e.random_chain(dt if i % 3 == 2 else rt, r), quality)


def forged(folder: Folder, rt: Picture, dt: Picture, second: dict, other: list, camera, rng_for) -> None:
    base = g.long_side(rt, 2400)
    small = g.long_side(dt, 1800)
    name = folder.name

    def local(kind, family, make, on=base, quality=90, after=None, least=5.0, tries=12):
        """The first try whose change is plain (or the plainest): a forgery that changes nothing is none."""
        if not folder.wants(kind):
            return
        best = None
        for t in range(tries):
            p, mask = make(on, rng_for(f"{kind}/{t}"))
            delta = float(np.abs(p.pixels - on.pixels)[mask > 0].mean() * 255)
            if best is None or delta > best[2]:
                best = (p, mask, delta)
            if delta >= least:
                break
        p, mask, delta = best
        if after:
            p = after(p)
            mask = None if p.matrix() is None else carried(mask, on, p)
        folder.add("forged", kind, family, p, quality, mask=mask, delta=delta)

    def carried(mask, on, p):
        m = np.linalg.inv(p.matrix()) @ on.matrix()
        return cv2.warpPerspective(mask, m, p.size, flags=cv2.INTER_NEAREST)

    for percent in (1, 2, 5):
        a = percent / 100
        local(f"inpaint_matched_{percent}", "removal", lambda p, r, a=a: f.inpaint(p, a, r, "ns"))
        local(f"heal_{percent}", "removal", lambda p, r, a=a: f.heal(p, a, r, 8.0))
        local(f"insert_{percent}", "splice", lambda p, r, a=a: f.insert_object(p, a, r, other[0], False))
        local(f"insert_blend_{percent}", "splice", lambda p, r, a=a: f.insert_object(p, a, r, other[1], True))
        local(f"copymove_turned_{percent}", "clone", lambda p, r, a=a: f.copy_move(p, a, r, 25, 1.1))
    local("inpaint_0.5", "removal_small", lambda p, r: f.inpaint(p, 0.005, r))
    local("insert_0.4", "splice_small", lambda p, r: f.insert_object(p, 0.004, r, other[0], False))
    local("sky", "splice", lambda p, r: f.sky(p, r))
    local("sky_plain_q80", "splice", lambda p, r: f.sky(p, r, False), small, 80)
    for percent, k in ((2, 2), (5, 3), (10, 4)):
        shape = lambda p, r, a=percent / 100: f.outline(p, a, r)[0]
        local(f"regen_local_{percent}", "regenerated", lambda p, r, k=k, shape=shape: f.regenerate(p, r, shape(p, r), k), least=1.5)
    local("retexture_3", "regenerated", lambda p, r: f.retexture(p, 0.03, r), least=3)
    local("regen_full_x2", "regenerated", lambda p, r: f.regenerate(p, r, None, 2), least=0)
    local("regen_full_x4", "regenerated", lambda p, r: f.regenerate(p, r, None, 4), least=0)
    local("liquify_8", "warp", lambda p, r: f.liquify(p, r, 8), least=2)
    local("liquify_16", "warp", lambda p, r: f.liquify(p, r, 16), least=2)
    local("mirrored_half", "clone", lambda p, r: f.mirrored_half(p), least=0)
    # Forged first, then edited and posted.
    social = lambda p: g.long_side(e.exposure(p, 0.3), 1200)
    mono = lambda p: e.contrast(e.black_and_white(p), 6)
    local("heal_3_social", "removal", lambda p, r: f.heal(p, 0.03, r), quality=72, after=social)
    local("insert_2_bw", "splice", lambda p, r: f.insert_object(p, 0.02, r, other[0], False), after=mono)
    local("insert_3_turned", "splice", lambda p, r: f.insert_object(p, 0.03, r, other[1], True), after=lambda p: g.rotated(p, 2.2))
    local("inpaint_3_denoised", "removal", lambda p, r: f.inpaint(p, 0.03, r), small, after=lambda p: e.denoise_means(p, 4, 6))
    local("regen_5_lens", "regenerated", lambda p, r: f.regenerate(p, r, f.outline(p, 0.05, r)[0], 3), after=lambda p: g.lens(p, -0.03), least=1.5)

    def whole(kind, family, make, quality=90, **more):
        if folder.wants(kind):
            folder.add("forged", kind, family, make(rng_for(kind)), quality, **more)

    # Another exposure: its own photons, its own place.
    for kind in ("frame_same_place", "frame_parallax1", "frame_parallax4"):
        whole(kind, "other_frame", lambda r, kind=kind: g.long_side(second[kind], 2400))
    whole("frame_same_denoised", "other_frame", lambda r: e.denoise_means(g.long_side(second["frame_same_place"], 1800), 4, 6))
    whole("frame_parallax_bw_1200", "other_frame", lambda r: mono(g.long_side(second["frame_parallax4"], 1200)), 80)
    merge = g.long_side(second["frame_parallax4"], 2400)
    for percent in (3, 10):
        local(f"merged_{percent}", "merge", lambda p, r, a=percent / 100: f.merged(p, merge, a, r), least=1)
    whole("other_photo", "other_photo", lambda r: g.long_side(Picture(other[0]), 1900), 88)
    whole("other_photo_named", "other_photo", lambda r: g.long_side(Picture(other[1]), 1300), 75)
    whole("recapture_screen_2.1", "recapture", lambda r: f.recapture_screen(rt, r, 2.1, 0.5, 1.1))
    whole("recapture_screen_1.6", "recapture", lambda r: f.recapture_screen(rt, r, 1.6, 0.2, 1.4), 85)
    whole("recapture_print_4", "recapture", lambda r: f.recapture_print(rt, r, 4.3))
    whole("recapture_print_fine", "recapture", lambda r: f.recapture_print(rt, r, 2.6), 85)

    # RAW files that no sensor wrote.
    sensor = camera[3]
    edited = f.insert_object(base, 0.05, rng_for("rawsplice"), other[1], True)[0]
    screen = f.recapture_screen(rt, rng_for("rawscreen"), 2.1, 0.5, 1.1)
    invented = f.regenerate(base, rng_for("rawregen"), None, 4)[0]
    plans = [
        ("fakeraw_plain", base, dict(noise=False), sensor),
        ("fakeraw_plain_smaller", g.long_side(base, 1700), dict(noise=False), sensor),
        ("fakeraw_noise_weak", base, {}, sensor.with_(full_well=60_000.0, read_e=3.0, prnu=0.0)),
        ("fakeraw_noise_strong", base, {}, sensor.with_(full_well=2_000.0)),
        ("fakeraw_edited", edited, {}, sensor),
        ("fakeraw_invented", invented, dict(noise=False), sensor),
        ("fakeraw_screen", screen, {}, sensor),
    ]
    for kind, p, options, simulated in plans:
        if not folder.wants(kind):
            continue
        once = e.recompressed(p, 92)
        rgb8 = (once.pixels * 255 + 0.5).astype(np.uint8)
        mosaic, neutral = ss.expose(rgb8, simulated, 900 + len(kind), **options)
        path = f"{folder.out}/{kind}.dng"
        ss.write_dng(path, mosaic, neutral, simulated)
        folder.add("forged", kind, "raw_fake", Picture(p.pixels, (g.homography(np.eye(3)),)), 90, raw=path)


def make(out: str, name: str, seed: int, only: set[str], renders: str) -> None:
    camera = CAMERAS[name]
    source, reduction, others, sensor = camera
    os.makedirs(out, exist_ok=True)
    os.makedirs(renders, exist_ok=True)
    rng_for = lambda kind: seeded(seed, name, kind)
    sensor = sensor.with_(date=f"2026:02:{1 + seed % 27:02d} {len(name):02d}:10:20")
    rgb8 = scene(source, reduction)
    raw = f"{out}/{name}.dng"

    def exposed(path, picture8, number):
        mosaic, neutral = ss.expose(picture8, sensor, seed * 1000 + number)
        ss.write_dng(path, mosaic, neutral, sensor)

    exposed(raw, rgb8, 1)
    reference = developed(raw, "libraw_linear", renders)
    lr = Picture(reference, (g.homography(np.eye(3)),))
    bases = {}
    for program in ("rawtherapee", "darktable"):
        x = developed(raw, program, renders)
        bases[program] = lr if x is None else placed(x, reference)
    rt, dt = bases["rawtherapee"], bases["darktable"]
    folder = Folder(out, name, raw, only)
    honest(folder, rt, dt, lr, rng_for)
    second = {}
    for number, (kind, amount) in enumerate((("frame_same_place", 0.0), ("frame_parallax1", 1.5), ("frame_parallax4", 5.0))):
        moved = rgb8
        if amount:
            moved = f.parallax(rgb8, rng_for("depth"), amount, (2.3, -1.7))
        path = f"{renders}/{name}_{kind}.dng"
        exposed(path, moved, 2 + number)
        program = "rawtherapee" if shutil.which("rawtherapee-cli") else "libraw"
        second[kind] = Picture(developed(path, program, renders), rt.steps)
    other = [source_picture(n).astype(np.float32) / 255 for n in others]
    forged(folder, rt, dt, second, other, camera, rng_for)
    folder.rows.sort(key=lambda row: row["id"])
    if not only:
        with open(f"{out}/manifest.json", "w") as file:
            json.dump(dict(seed=seed, n=len(folder.rows), pairs=folder.rows), file)
    honest_count = sum(row["label"] == "honest" for row in folder.rows)
    print(name, "honest", honest_count, "forged", len(folder.rows) - honest_count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--cameras", default=",".join(CAMERAS))
    parser.add_argument("--only", default="", help="make only these kinds, and no manifest")
    parser.add_argument("--seed", type=int, default=11)
    a = parser.parse_args()
    only = set(filter(None, a.only.split(",")))
    for name in a.cameras.split(","):
        make(f"{os.path.abspath(a.out)}/{name}", name, a.seed, only, f"{os.path.abspath(a.out)}/renders")


if __name__ == "__main__":
    sys.exit(main())

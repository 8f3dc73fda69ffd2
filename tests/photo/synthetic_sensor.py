"""A simulated sensor: turns an ordinary picture into a plausible Bayer DNG.

Real RAW files are scarce where this project is built, so a camera JPEG is made smaller (which
removes its own demosaicing and compression traces), its tone curve is undone, its colours are
taken to a camera's own primaries, it is sampled through a colour filter array, and photon,
read and fixed-pattern noise are drawn for it. Everything follows from the seed.

The tone inverse follows Brooks et al., "Unprocessing Images for Learned Raw Denoising" (2019);
the noise is the usual Poisson-Gaussian law with photo-response non-uniformity.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace

import cv2
import numpy as np
import tifffile

SRGB_FROM_XYZ = np.linalg.inv(
    np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
)

# XYZ (D65) to camera, in the order R G B, times 10,000; after Adobe's published ColorMatrix2 values.
MATRICES = {
    "canon": [6257, -303, -1000, -7880, 15621, 2396, -1714, 1904, 7046],
    "canon_450d": [5784, -262, -821, -7539, 15064, 2672, -1982, 2681, 7427],
    "nikon": [7309, -1403, -519, -8474, 16008, 2622, -2434, 2826, 8064],
    "nikon_d3100": [7911, -2167, -813, -5327, 13150, 2408, -1288, 2483, 7968],
    "sony": [9437, -2811, -774, -8405, 16215, 2290, -710, 596, 7181],
    "olympus": [8489, -2583, -1036, -8051, 15583, 2643, -1307, 1407, 7354],
}

CFA = {"RGGB": (0, 1, 1, 2), "BGGR": (2, 1, 1, 0), "GRBG": (1, 0, 2, 1), "GBRG": (1, 2, 0, 1)}


@dataclass(frozen=True)
class Sensor:
    """What is simulated. `full_well` is the count of electrons at the white level: it stands for
    the ISO setting (few electrons: high ISO); `read_e` is the read noise in electrons."""

    make: str = "Synth"
    model: str = "Synth S1"
    matrix: str = "canon"
    cfa: str = "RGGB"
    bits: int = 14
    black: int = 512
    white: int = 16383
    full_well: float = 10_000.0
    read_e: float = 6.0
    prnu: float = 0.006
    row_noise_e: float = 0.0
    hot_pixels: float = 0.0
    iso: int = 200
    exposure: float = 0.8
    exposure_time: str = "1/125"
    f_number: str = "5.6"
    focal_length: str = "50"
    date: str = "2026:01:02 03:04:05"

    def with_(self, **changes) -> "Sensor":
        return replace(self, **changes)


def linear_from_srgb(x: np.ndarray) -> np.ndarray:
    return np.where(x <= 0.04045, x / 12.92, ((np.maximum(x, 0) + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return np.where(x <= 0.0031308, x * 12.92, 1.055 * x ** (1 / 2.4) - 0.055)


def _camera_from_srgb(matrix: str) -> tuple[np.ndarray, np.ndarray]:
    """Linear sRGB to white-balanced camera RGB, and the camera's response to white."""
    xyz_to_camera = np.array(MATRICES[matrix], float).reshape(3, 3) / 1e4
    m = xyz_to_camera @ np.linalg.inv(SRGB_FROM_XYZ)
    white = m.sum(1)
    return m / white[:, None], white / white.max()


def expose(rgb8: np.ndarray, sensor: Sensor, seed: int, scale: float = 1.0, noise: bool = True):
    """An HxWx3 picture (8 bits, sRGB) to (mosaic uint16, as-shot neutral)."""
    rng = np.random.default_rng(seed)
    picture = rgb8.astype(np.float32) / 255
    height, width = picture.shape[:2]
    height, width = int(height * scale) // 2 * 2, int(width * scale) // 2 * 2
    if scale != 1.0:
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    picture = picture[:height, :width]
    picture = 0.5 - np.sin(np.arcsin(np.clip(1 - 2 * picture, -1, 1)) / 3)
    linear = linear_from_srgb(picture) * sensor.exposure
    m, neutral = _camera_from_srgb(sensor.matrix)
    camera = np.clip(linear @ m.T * neutral, 0, 1)
    mosaic = np.empty((height, width), np.float32)
    for site, channel in enumerate(CFA[sensor.cfa]):
        y, x = divmod(site, 2)
        mosaic[y::2, x::2] = camera[y::2, x::2, channel]
    span = sensor.white - sensor.black
    if noise:
        gain = 1 + sensor.prnu * rng.standard_normal(mosaic.shape).astype(np.float32)
        electrons = rng.poisson(np.maximum(mosaic * sensor.full_well * gain, 0)).astype(np.float32)
        electrons += sensor.read_e * rng.standard_normal(mosaic.shape).astype(np.float32)
        if sensor.row_noise_e:
            electrons += sensor.row_noise_e * rng.standard_normal((height, 1)).astype(np.float32)
        if sensor.hot_pixels:
            hot = rng.random(mosaic.shape) < sensor.hot_pixels
            electrons[hot] += rng.exponential(0.1 * sensor.full_well, int(hot.sum()))
        mosaic = electrons / sensor.full_well
    counts = np.clip(np.round(mosaic * span + sensor.black), 0, 2**sensor.bits - 1)
    return np.minimum(counts, sensor.white).astype(np.uint16), neutral


def write_dng(path: str, mosaic: np.ndarray, neutral: np.ndarray, sensor: Sensor) -> None:
    """An uncompressed DNG 1.4 with the tags a developer needs; EXIF written by exiftool."""
    height, width = mosaic.shape
    rational = [v for x in neutral for v in (int(round(x * 10_000)), 10_000)]
    matrix = [v for x in MATRICES[sensor.matrix] for v in (x, 10_000)]
    tags = [
        (271, "s", 0, sensor.make, True),
        (272, "s", 0, sensor.model, True),
        (274, "H", 1, 1, True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, bytes(CFA[sensor.cfa]), True),
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),
        (50707, "B", 4, bytes([1, 1, 0, 0]), True),
        (50708, "s", 0, f"{sensor.make} {sensor.model}", True),
        (50710, "B", 3, bytes([0, 1, 2]), True),
        (50711, "H", 1, 1, True),
        (50713, "H", 2, (1, 1), True),
        (50714, "H", 1, sensor.black, True),
        (50717, "H", 1, sensor.white, True),
        (50719, "I", 2, (0, 0), True),
        (50720, "I", 2, (width, height), True),
        (50829, "I", 4, (0, 0, height, width), True),
        (50721, "2i", 9, tuple(matrix), True),
        (50778, "H", 1, 21, True),
        (50728, "2I", 3, tuple(rational), True),
    ]
    tifffile.imwrite(
        path,
        mosaic,
        photometric=32803,
        planarconfig=1,
        rowsperstrip=height,
        metadata=None,
        software="synthetic sensor",
        extratags=tags,
        subfiletype=0,
    )
    exif = {
        "ISO": sensor.iso,
        "ExposureTime": sensor.exposure_time,
        "FNumber": sensor.f_number,
        "FocalLength": sensor.focal_length,
        "DateTimeOriginal": sensor.date,
        "CreateDate": sensor.date,
    }
    arguments = [f"-{tag}={value}" for tag, value in exif.items()]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *arguments, path], check=True)

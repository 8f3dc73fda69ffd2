"""Reading manifests, and choosing a part of their pairs in a way that does not depend on order."""

from __future__ import annotations

import hashlib
import json
import os


def read(folders: list[str], root: str | None = None) -> list[dict]:
    """All pairs of the manifests in these folders, with absolute paths.

    Paths in a manifest are relative to its folder, or to `root` where the file is not there (the
    given suite writes them relative to the data folder).
    """
    rows = []
    for folder in folders:
        with open(os.path.join(folder, "manifest.json")) as file:
            pairs = json.load(file)["pairs"]
        for row in pairs:
            for key in ("raw", "jpeg"):
                path = os.path.join(folder, row[key])
                if not os.path.exists(path) and root:
                    path = os.path.join(root, row[key])
                row[key] = os.path.abspath(path)
            rows.append({**row, "folder": os.path.basename(os.path.abspath(folder))})
    return rows


def part(rows: list[dict], share: float) -> list[dict]:
    """This share of the pairs, chosen by a hash of their names."""

    def place(row):
        digest = hashlib.sha256((row["folder"] + row["id"]).encode()).digest()
        return int.from_bytes(digest[:4], "little") / 2**32

    return [row for row in rows if place(row) < share]


def truth_points(row: dict) -> list[tuple[float, float, float, float]]:
    """[x, y of the upright picture, x, y of the RAW's frame] over the picture."""
    if "truth" in row:
        return [tuple(p) for p in row["truth"]]
    m = row["H_jpeg_to_lr"]
    width, height = row["size"]
    out = []
    for j in range(9):
        for i in range(9):
            x, y = width * (0.05 + 0.9 * i / 8), height * (0.05 + 0.9 * j / 8)
            u, v, t = (r[0] * x + r[1] * y + r[2] for r in m)
            out.append((x, y, u / t, v / t))
    return out


def family_table(results: list[dict]) -> str:
    """A Markdown table: honest accepted and forged caught, by family; `results` have label,
    family, kind, id and `refused`, and `unsure` where the engine could not tell."""
    families: dict[tuple[str, str], list[dict]] = {}
    for r in results:
        families.setdefault((r["label"], r["family"]), []).append(r)
    lines = ["| | family | right | cannot tell | wrong |", "|---|---|---|---|---|"]
    for (label, family), group in sorted(families.items(), reverse=True):
        unsure = [r for r in group if r.get("unsure")]
        wrong = [r for r in group if not r.get("unsure") and r["refused"] != (label == "forged")]
        right = len(group) - len(wrong) - len(unsure)
        names = ", ".join(r["id"].replace("__", ":") for r in wrong[:12]) or "–"
        more = f" and {len(wrong) - 12} more" if len(wrong) > 12 else ""
        lines.append(f"| {label} | {family} | {right}/{len(group)} | {len(unsure)} | {names}{more} |")
    return "\n".join(lines)

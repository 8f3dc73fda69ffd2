#!/usr/bin/env python3
"""Runs the built `colophon photo verify --json` over labelled pairs and prints how good it is.

    score.py FOLDER… [--program target/release/colophon] [--root DATA] [--share 1.0] [--jobs 2]
             [--results out.jsonl]

Prints: honest accepted and forged caught, by family, with the names of what went wrong; which
checks accused; the error of the registration against the ground truth; wall time and peak memory
of each run. A picture is *refused* when the answer is "refused"; "cannot tell" is counted apart.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import time

import pairs


def place(warp: dict, size: list[int], x: float, y: float) -> tuple[float, float]:
    """Where the engine puts a picture pixel on the RAW's frame (geometry.rs, `Warp`)."""
    width, height = size
    r = max(width, height) / 2
    u, v = (x - (width - 1) / 2) / r, (y - (height - 1) / 2) / r
    powers = [(d - j, j) for d in range(6) for j in range(d + 1)]
    for (i, j), (a, b) in zip(powers, warp["coefficients"]):
        x, y = x + a * u**i * v**j, y + b * u**i * v**j
    h = warp["homography"]
    if len(h) == 9:
        h = [h[0:3], h[3:6], h[6:9]]
    p, q, t = (row[0] * x + row[1] * y + row[2] for row in h)
    return p / t, q / t


def registration_error(row: dict, warp: dict) -> float:
    """RMS distance to the truth in picture pixels."""
    points = pairs.truth_points(row)
    (xa, ya, pa, qa), (xb, yb, pb, qb) = points[0], points[-1]
    scale = (((pb - pa) ** 2 + (qb - qa) ** 2) / ((xb - xa) ** 2 + (yb - ya) ** 2)) ** 0.5
    total = 0.0
    for x, y, p, q in points:
        found = place(warp, row["size"], x, y)
        total += (found[0] - p) ** 2 + (found[1] - q) ** 2
    return (total / len(points)) ** 0.5 / scale


def run(program: str, row: dict) -> dict:
    """One pair: the verdict, seconds and megabytes. The peak is that of this very process."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [program, "photo", "verify", "--json", row["raw"], row["jpeg"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    text = process.stdout.read()
    complaint = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    out = {k: row[k] for k in ("folder", "id", "label", "kind", "family")}
    out.update(seconds=time.perf_counter() - started, megabytes=usage.ru_maxrss / 1024)
    out["code"] = process.returncode
    try:
        verdict = json.loads(text)
    except ValueError:
        # No verdict is no acceptance and no accusation.
        return {**out, "refused": False, "unsure": True, "error": complaint.strip()[:200]}
    out["refused"] = verdict["answer"] == "refused"
    out["unsure"] = verdict["answer"] == "cannot_tell"
    out["honest"] = verdict.get("honest_probability")
    checks = [r["details"] for r in verdict["results"]]
    out["outcomes"] = {c["check"]: c["outcome"] for c in checks}
    out["reasons"] = verdict.get("reasons", [])
    if verdict.get("warp") and row["family"] not in ("other_photo", "other_frame", "raw_fake"):
        out["error_px"] = registration_error(row, verdict["warp"])
    return out


def summary(results: list[dict]) -> str:
    lines = []
    honest = [r for r in results if r["label"] == "honest"]
    forged = [r for r in results if r["label"] == "forged"]
    for name, group, right in (("honest", honest, False), ("forged", forged, True)):
        if not group:
            continue
        unsure = sum(r["unsure"] for r in group)
        good = sum(not r["unsure"] and r["refused"] == right for r in group)
        wrong = len(group) - good - unsure
        word = "caught" if right else "accepted"
        lines.append(f"{name}: {word} {good}/{len(group)} ({100 * good / len(group):.1f} %), cannot tell {unsure}, wrong {wrong}")
    accused = collections.Counter()
    for r in results:
        for check, outcome in r.get("outcomes", {}).items():
            if outcome == "failed":
                accused[(r["label"], check)] += 1
    lines.append("accusations: " + ", ".join(f"{l} {c} {n}" for (l, c), n in sorted(accused.items())))
    at = lambda v, q: sorted(v)[min(len(v) - 1, int(q * len(v)))]
    errors = [r["error_px"] for r in honest if "error_px" in r]
    if errors:
        lines.append(
            f"registration of honest pairs, picture pixels: n {len(errors)} of {len(honest)}, median {at(errors, 0.5):.3f},"
            f" p95 {at(errors, 0.95):.3f}, max {max(errors):.3f}"
        )
    seconds, memory = [r["seconds"] for r in results], [r["megabytes"] for r in results]
    lines.append(f"wall s: median {at(seconds, 0.5):.2f}, max {max(seconds):.2f}; peak MB: median {at(memory, 0.5):.0f}, max {max(memory):.0f}")
    failures = [f"{r['id']}: {r['error']}" for r in results if "error" in r]
    return "\n".join(lines + failures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--program", default="target/release/colophon")
    parser.add_argument("--root")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--results")
    a = parser.parse_args()
    rows = pairs.part(pairs.read(a.folders, a.root), a.share)
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        results = list(pool.map(lambda row: run(a.program, row), rows))
    if a.results:
        with open(a.results, "w") as file:
            file.writelines(json.dumps(r) + "\n" for r in results)
    print(summary(results) + "\n\n" + pairs.family_table(results))


if __name__ == "__main__":
    main()

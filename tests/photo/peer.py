#!/usr/bin/env python3
"""The peer (LibRaw + OpenCV, `baseline.py` of the given suite) on the same pairs.

    peer.py RESULTS.jsonl FOLDER… [--root DATA] [--share 1.0] [--suite ../../../shared/suites/photo]

Appends one JSON line a pair, leaves out pairs that are there already, and prints the tables of
its two configurations: A by structure alone, B with its noise correlation as well.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys

import pairs

HERE = os.path.dirname(os.path.abspath(__file__))


def load(folder: str):
    """The peer's module, with its noise evidence on (it reads the command line when loaded)."""
    given, sys.argv = sys.argv, [sys.argv[0], "--noise"]
    spec = importlib.util.spec_from_file_location("baseline", os.path.join(folder, "baseline.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv = given
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--root")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--suite", default=os.path.join(HERE, "../../../shared/suites/photo"))
    a = parser.parse_args()
    rows = pairs.part(pairs.read(a.folders, a.root), a.share)
    done = {}
    if os.path.exists(a.results):
        with open(a.results) as file:
            done = {(r["folder"], r["id"]): r for r in map(json.loads, file)}
    peer = load(a.suite)
    with open(a.results, "a") as file:
        for row in rows:
            key = (row["folder"], row["id"])
            if key in done:
                continue
            for path in (row["raw"], row["jpeg"]):
                if not os.path.exists(path):
                    sys.exit(f"{path} is not there: give --root")
            try:
                found = peer.verify(row["raw"], row["jpeg"])
            except Exception as error:  # the peer has no typed errors
                found = dict(reg=False, fail=[f"error: {error!r}"[:120]])
            keep = ("folder", "id", "label", "kind", "family")
            out = {k: row[k] for k in keep}
            out["fail"] = found["fail"]
            out["seconds"] = found.get("t_total")
            if found["reg"] and row["label"] == "honest" and not row["nonprojective"]:
                out["error_px"] = peer.regerr(found, row, None)
            done[key] = out
            file.write(json.dumps(out) + "\n")
            file.flush()
    results = [done[(row["folder"], row["id"])] for row in rows]
    for name, counts in (("A, structure", False), ("B, structure and noise", True)):
        for r in results:
            r["refused"] = any(counts or not f.startswith("noise") for f in r["fail"])
        honest = [r for r in results if r["label"] == "honest"]
        forged = [r for r in results if r["label"] == "forged"]
        accepted = sum(not r["refused"] for r in honest)
        caught = sum(r["refused"] for r in forged)
        print(f"\npeer {name}: honest accepted {accepted}/{len(honest)}, forged caught {caught}/{len(forged)}\n")
        print(pairs.family_table(results))
    errors = sorted(r["error_px"] for r in results if "error_px" in r)
    if errors:
        at = lambda q: errors[min(len(errors) - 1, int(q * len(errors)))]
        print(f"\nregistration, picture px: n {len(errors)} median {at(0.5):.3f} p95 {at(0.95):.3f} max {errors[-1]:.3f}")


if __name__ == "__main__":
    main()

"""The part of a contract's document that is served, for schemathesis.

    served.py openapi.json implemented.txt 401 403 …

The statuses are what any operation may answer, in the contract's envelope, although the contract
does not list them everywhere.
"""

import json
import sys

document_path, implemented_path, *statuses = sys.argv[1:]
document = json.load(open(document_path))
served = {line.strip() for line in open(implemented_path)}

paths = {}
for path, operations in document["paths"].items():
    for method, operation in operations.items():
        if f"{method.upper()} {path}" not in served:
            continue
        for status in statuses:
            operation["responses"].setdefault(status, {"description": "An error."})
        if path.startswith("/.well-known/") and not path.endswith(".json"):
            # PEM, which the document declares as JSON.
            operation["responses"]["200"].pop("content", None)
        paths.setdefault(path, {})[method] = operation
document["paths"] = paths
json.dump(document, sys.stdout)

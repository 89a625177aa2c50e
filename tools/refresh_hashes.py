"""Write the size and SHA-256 of every table into data/datapackage.json, after an edit that was meant.

python tools/refresh_hashes.py
"""

import hashlib
import json
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


def main() -> None:
    path = DATA / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    for resource in package["resources"]:
        content = (DATA / resource["path"]).read_bytes()
        resource |= {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}
    path.write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

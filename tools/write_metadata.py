"""Describe the data package for those who look for data, and the software for Zenodo: written from what is there.

data/croissant.json (Croissant 1.0) and data/ro-crate-metadata.json (RO-Crate 1.1) say what data/datapackage.json says;
.zenodo.json says what CITATION.cff says. `make metadata-check` has their own validators read them.

python tools/write_metadata.py
"""

import json
import re
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "written"]

ROOT = Path(__file__).parents[1]
CRATE = "https://w3id.org/ro/crate/1.1"
TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "year": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "equivalentProperty": "cr:equivalentProperty",
    "samplingRate": "cr:samplingRate",
    "examples": {"@id": "cr:examples", "@type": "@json"},
}


def written() -> dict[Path, str]:
    """Path -> what has to stand there now."""
    package = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    date = _of(citation, "date-released")
    made = {
        ROOT / "data" / "croissant.json": croissant(package, date),
        ROOT / "data" / "ro-crate-metadata.json": ro_crate(package, date),
        ROOT / ".zenodo.json": zenodo(citation),
    }
    return {path: json.dumps(what, indent=2, ensure_ascii=False) + "\n" for path, what in made.items()}


def _of(citation: str, key: str) -> str:
    found = re.search(rf'^{key}: "?(.*?)"?$', citation, flags=re.MULTILINE)
    if found is None:
        raise SystemExit(f"CITATION.cff has no line '{key}: …'")
    return found[1]


def _about(package: dict[str, Any], date: str) -> dict[str, Any]:
    return {
        "name": package["title"],
        "description": package["description"],
        "version": package["version"],
        "datePublished": date,
        "keywords": package["keywords"],
    }


def croissant(package: dict[str, Any], date: str) -> dict[str, Any]:
    files = [
        {
            "@type": "cr:FileObject",
            "@id": one["name"] + "-file",
            "name": one["path"],
            "description": one["title"],
            "contentUrl": one["path"],
            "contentSize": f"{one['bytes']} B",
            "encodingFormat": one["mediatype"],
            "sha256": one["hash"].removeprefix("sha256:"),
        }
        for one in package["resources"]
    ]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **_about(package, date),
        "license": package["licenses"][0]["path"],
        "creator": {"@type": "Organization", "name": package["contributors"][0]["title"]},
        "citeAs": "{}. {}, version {} ({}).".format(
            package["contributors"][0]["title"], package["title"], package["version"], date[:4]
        ),
        "distribution": files,
        "recordSet": [_records(one) for one in package["resources"]],
    }


def _records(table: dict[str, Any]) -> dict[str, Any]:
    name = table["name"]
    keys = table["schema"].get("primaryKey", [])
    keys = [keys] if isinstance(keys, str) else keys
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{field['name']}",
            "name": field["name"],
            "description": field.get("description", ""),
            "dataType": TYPES[field["type"]],
            "source": {"fileObject": {"@id": f"{name}-file"}, "extract": {"column": field["name"]}},
        }
        for field in table["schema"]["fields"]
    ]
    key = {"key": [{"@id": f"{name}/{one}"} for one in keys]} if keys else {}
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": table["title"],
        **key,
        "field": fields,
    }


def ro_crate(package: dict[str, Any], date: str) -> dict[str, Any]:
    licence, maker = package["licenses"][0], package["contributors"][0]["title"]
    files = [
        {
            "@id": one["path"],
            "@type": "File",
            "name": one["title"],
            "encodingFormat": one["mediatype"],
            "contentSize": str(one["bytes"]),
            "sha256": one["hash"].removeprefix("sha256:"),
        }
        for one in package["resources"]
    ]
    beside = [
        {
            "@id": "datapackage.json",
            "@type": "File",
            "name": "Every column of every table",
            "encodingFormat": "application/json",
        },
        {
            "@id": "README.md",
            "@type": "File",
            "name": "How a row was decided",
            "encodingFormat": "text/markdown",
        },
        {
            "@id": "LICENSE-DATA.md",
            "@type": "File",
            "name": "Terms by source",
            "encodingFormat": "text/markdown",
        },
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        **_about(package, date),
        "license": {"@id": licence["path"]},
        "author": {"@id": "#maintainers"},
        "publisher": {"@id": "#maintainers"},
        "hasPart": [{"@id": one["@id"]} for one in files + beside],
    }
    root["keywords"] = ", ".join(package["keywords"])
    return {
        "@context": f"{CRATE}/context",
        "@graph": [
            {
                "@id": "ro-crate-metadata.json",
                "@type": "CreativeWork",
                "conformsTo": {"@id": CRATE},
                "about": {"@id": "./"},
            },
            root,
            {"@id": "#maintainers", "@type": "Organization", "name": maker},
            {
                "@id": licence["path"],
                "@type": "CreativeWork",
                "name": licence["title"],
                "description": licence["title"],
            },
            *files,
            *beside,
        ],
    }


def zenodo(citation: str) -> dict[str, Any]:
    """What Zenodo asks of a release of software; `license` is Zenodo's own word for it."""
    keywords = re.search(r"^keywords:\n((?:  - .*\n)+)", citation, flags=re.MULTILINE)
    dois = re.findall(r"^    doi: (\S+)$", citation, flags=re.MULTILINE)
    return {
        "title": _of(citation, "title"),
        "upload_type": "software",
        "version": _of(citation, "version"),
        "publication_date": _of(citation, "date-released"),
        "description": "Sourced effect sizes on psychodynamic therapy, pooled exactly, drawn for papers, held against "
        "the claims of a popular article. The code is under MIT; the data package under ODC-By 1.0, with the terms "
        "of each source in data/LICENSE-DATA.md.",
        "creators": [{"name": _of(citation, "  - name")}],
        "license": _of(citation, "license").lower(),
        "access_right": "open",
        "keywords": re.findall(r"- (.*)", keywords[1]) if keywords else [],
        "related_identifiers": [
            {"identifier": doi, "relation": "references", "scheme": "doi"} for doi in dois
        ],
    }


def main() -> None:
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

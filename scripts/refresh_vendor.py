"""Refreshes the scripts of others that the pages use, from their npm packages.

    python scripts/refresh_vendor.py                  # the recorded versions, byte for byte
    python scripts/refresh_vendor.py echarts@6.1.0    # another version of a recorded package

Needs the `npm` command, and takes packages from wherever that is configured to find them. A package
that differs from its integrity value is refused, and nothing is written.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "app" / "joulebook_server" / "web" / "static" / "vendor"
RECORD = "vendor.toml"
HEAD = """\
# The work of others in this folder, as npm publishes it; scripts/refresh_vendor.py writes it all.
# `integrity` is npm's own value of the package, `sha256` ours of each file taken from it.
"""


@dataclass(frozen=True)
class Package:
    """One npm package, and what is taken from it.

    Attributes:
        name: Its name at npm.
        version: Which release.
        licence: SPDX expression, as its package.json says.
        integrity: npm's digest of the packed release: ``sha512-`` and base64.
        files: Path in the package by name here.
    """

    name: str
    version: str
    licence: str
    integrity: str
    files: dict[str, str]


def main(asked: Sequence[str], folder: Path = FOLDER) -> int:
    """Fetch, verify, write; 1 with one line that says why not."""
    record = folder / RECORD
    try:
        packages = [_wanted(one, asked) for one in _read(record.read_text(encoding="utf-8"))]
        _refuse_unknown(asked, packages)
        fetched = [(one, _fetch(one)) for one in packages]
    except (OSError, ValueError, LookupError, subprocess.CalledProcessError) as error:
        print(f"refresh_vendor: {error}", file=sys.stderr)
        return 1
    for _, contents in fetched:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    record.write_text(HEAD + "".join(_table(*one) for one in fetched), encoding="utf-8")
    return 0


def _read(text: str) -> list[Package]:
    return [
        Package(
            one["name"],
            one["version"],
            one["licence"],
            one["integrity"],
            {file["name"]: file["source"] for file in one["file"]},
        )
        for one in tomllib.loads(text)["package"]
    ]


def _wanted(package: Package, asked: Sequence[str]) -> Package:
    """The package in the version that is asked for; the recorded one if none is."""
    for word in asked:
        name, _, version = word.rpartition("@")
        if name == package.name and version != package.version:
            integrity = _npm("view", word, "dist.integrity").strip()
            return replace(package, version=version, integrity=integrity)
    return package


def _refuse_unknown(asked: Sequence[str], packages: Sequence[Package]) -> None:
    known = {f"{one.name}@{one.version}" for one in packages}
    if unknown := sorted(set(asked) - known):
        raise LookupError(f"{RECORD} has no package for {', '.join(unknown)}; write NAME@VERSION")


def _fetch(package: Package) -> dict[str, bytes]:
    """Contents by name here; `package.json` is read for the licence and not kept."""
    with tempfile.TemporaryDirectory() as scratch:
        release = f"{package.name}@{package.version}"
        _npm("pack", release, "--ignore-scripts", "--pack-destination", scratch)
        (packed,) = Path(scratch).glob("*.tgz")
        _verify(packed.read_bytes(), package)
        with tarfile.open(packed) as archive:
            told = json.loads(_member(archive, "package.json"))
            if told["license"] != package.licence:
                raise ValueError(f"{release} is under {told['license']}, not {package.licence}")
            return {name: _member(archive, source) for name, source in package.files.items()}


def _verify(packed: bytes, package: Package) -> None:
    digest = base64.b64encode(hashlib.sha512(packed).digest()).decode()
    if package.integrity != f"sha512-{digest}":
        raise ValueError(
            f"{package.name}@{package.version} is sha512-{digest}, and must be "
            f"{package.integrity or 'what npm published: it names no integrity value'}"
        )


def _member(archive: tarfile.TarFile, source: str) -> bytes:
    file = archive.extractfile(f"package/{source}")  # KeyError, a LookupError, where it is missing
    if file is None:
        raise LookupError(f"{source} is no file of the package")
    return file.read()


def _table(package: Package, contents: dict[str, bytes]) -> str:
    lines = [
        "\n[[package]]",
        f'name = "{package.name}"',
        f'version = "{package.version}"',
        f'licence = "{package.licence}"',
        f'integrity = "{package.integrity}"',
    ]
    for name, source in package.files.items():
        digest = hashlib.sha256(contents[name]).hexdigest()
        lines += ["", "  [[package.file]]", f'  name = "{name}"', f'  source = "{source}"']
        lines += [f'  sha256 = "{digest}"']
    return "\n".join(lines) + "\n"


def _npm(*words: str) -> str:
    """What npm says; its errors go where ours go, its list of a package's files nowhere."""
    command = ["npm", *words, "--loglevel=error"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What we depend on, looked at from outside: `make audit`.

Known vulnerabilities of the locked versions, of all extras; licences against those that a user of ours may be given;
and a list of what is in the image (an SBOM in CycloneDX's form). It ends with 0 if nothing is wrong, 1 if something was
found, and 69 if nobody could be asked about vulnerabilities, which is no good news.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
LOCKED, IMAGE = "requirements/all.txt", "requirements/image.txt"
SBOM = Path("build/sbom.json")
FOUND, NOBODY_TO_ASK = 1, os.EX_UNAVAILABLE

# Of packages that our users install: all allow any use, and none asks that their own program be given away. Parts of
# names, as packages spell them in many ways.
ALLOWED = (
    *("MIT", "BSD", "Apache", "ISC", "PSF", "Python Software Foundation", "0BSD", "Unlicense", "Zlib", "zlib"),
    *("HPND", "Historical Permission Notice", "Mozilla Public License 2.0", "MPL-2.0", "CC0"),
)
# Looked at by hand: what they say of themselves is no name of a licence.
BY_HAND = {
    "atheris": "Apache-2.0, as each of its files begins",
    "docutils": "public domain and BSD, as its COPYING says; the GPL is that of an extension for Emacs",
    "gradmq": "MIT; its MNIST has CC BY-SA 3.0",
}


def main(arguments: Sequence[str]) -> int:
    """Do all three, and say what came of each.  arguments: the Python of an environment with what we depend on."""
    os.chdir(PROJECT)
    SBOM.parent.mkdir(exist_ok=True)
    codes = [vulnerabilities(LOCKED), licences(arguments[0]), bill(IMAGE, SBOM)]
    return FOUND if FOUND in codes else max(codes)


def vulnerabilities(requirements: str) -> int:
    """Ask whether vulnerabilities of these versions are known."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "30"]
        command = ["pip_audit", "-r", requirements, *options, "--format", "json", "--output", str(report)]
        ended = _python(*command)
        try:
            found = json.loads(report.read_text())["dependencies"]
        except (OSError, ValueError, KeyError):
            why = (ended.stderr.strip().splitlines() or ["no reason given"])[-1][:300]
            print(f"vulnerabilities: nobody could be asked ({why}); this needs a network")
            return NOBODY_TO_ASK
    skipped = [each for each in found if "skip_reason" in each]
    known = [(each["name"], each["version"], flaw) for each in found for flaw in each.get("vulns", [])]
    for name, version, flaw in known:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"vulnerabilities: {name} {version}: {flaw['id']}, mended in {fixed}")
    if skipped:
        names = ", ".join(each["name"] for each in skipped[:6]) + (", …" if len(skipped) > 6 else "")
        print(f"vulnerabilities: nothing is known of {len(skipped)} packages ({names}): {skipped[0]['skip_reason']}")
    print(f"vulnerabilities: {len(known)} known in {len(found) - len(skipped)} packages of {requirements}")
    return FOUND if known else NOBODY_TO_ASK if skipped else 0


def licences(python: str) -> int:
    """Compare the licences of what is installed with those that we allow."""
    ended = _python("piplicenses", "--python", python, "--from", "mixed", "--format", "json")
    packages: list[dict[str, Any]] = json.loads(ended.stdout)
    others = [each for each in packages if not is_allowed(each["License"]) and each["Name"] not in BY_HAND]
    for each in others:
        print(f"licences: {each['Name']} {each['Version']} has {' '.join(each['License'].split())[:100]}")
    print(f"licences: {len(packages) - len(others)} of {len(packages)} packages have one that is allowed")
    return FOUND if others else 0


def is_allowed(licence: str) -> bool:
    """Tell whether a licence is one that we allow; of several that go together each must be, of a choice one."""
    every = licence.replace(";", " AND ").split(" AND ")
    return all(any(_is_known(one) for one in each.split(" OR ")) for each in every)


def _is_known(licence: str) -> bool:
    return any(allowed in licence for allowed in ALLOWED) and "GPL" not in licence


def bill(requirements: str, file: Path) -> int:
    """Write which packages are in the image, with their digests."""
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", str(file)]
    ended = _python("cyclonedx_py", "requirements", *options, requirements)
    if ended.returncode:
        print(f"bill: {ended.stderr.strip().splitlines()[-1][:300]}")
        return FOUND
    print(f"bill: {len(json.loads(file.read_text())['components'])} packages of {requirements} in {file}")
    return 0


def _python(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

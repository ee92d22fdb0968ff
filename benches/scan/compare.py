#!/usr/bin/env python3
"""How well `vestibule scan` finds credentials, beside two general scanners, on the labelled corpus.

Runs in one go, over crates/vestibule-scan/corpus:

  vestibule       `vestibule scan DIR --format json`; checks that speak of credentials and secret addresses
  kingfisher      `kingfisher scan DIR` without validation (PyPI kingfisher-bin)
  detect-secrets  `detect-secrets scan --all-files` (PyPI detect-secrets)

and prints precision and recall of each. A finding counts when its place is a labelled credential or secret address, or lies inside
it; anything else in these files is false. The peers tell lines: a finding of theirs stands for the value that begins on its line, and
several on one line count once. The peers are installed into an environment of their own unless --peers names one.

Usage: benches/scan/compare.py [--binary target/release/vestibule] [--peers DIR] [--part all|tuned|held-out] [--details]
Vendor-shaped keys of the corpus deviate from the vendors' forms on purpose, which costs the peers some recall; there are few of them.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "crates" / "vestibule-scan" / "corpus"
PEERS = ["kingfisher-bin", "detect-secrets"]
# checks that say "here is a credential", not those that weigh what surrounds one
CREDENTIAL_CHECKS = {
    "hardcoded-credential", "credential-in-pinned-data", "secret-url",
}


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--binary", type=lambda path: pathlib.Path(path).resolve(), default=ROOT / "target" / "release" / "vestibule")
    options.add_argument("--peers", type=pathlib.Path, help="an environment that has the peers")
    options.add_argument("--part", choices=["all", "tuned", "held-out"], default="all")
    options.add_argument("--details", action="store_true", help="print what is false and what was missed by vestibule")
    options = options.parse_args()

    labels = json.loads((CORPUS / "labels.json").read_text())
    labels = [label for label in labels if options.part in ("all", label["part"])]
    files = sorted({label["file"] for label in labels})
    places = {file: Places(CORPUS / file) for file in files}
    positive = [label for label in labels if label["verdict"] != "near-miss"]
    print(f"{len(labels)} labels in {len(files)} files: {len(positive)} true, {len(labels) - len(positive)} near-misses\n")

    with tempfile.TemporaryDirectory() as scratch:
        peers = options.peers or install(pathlib.Path(scratch))
        runs = {
            "vestibule": lambda: vestibule(options.binary),
            "kingfisher": lambda: kingfisher(peers),
            "detect-secrets": lambda: detect_secrets(peers),
        }
        print(f"{'':16}{'findings':>9}{'right':>7}{'false':>7}{'met':>6}{'of':>5}{'precision':>11}{'recall':>8}")
        for name, run in runs.items():
            found = {place for place in places_of(run(), places) if place[0] in places}
            show(name, found, positive, options.details and name == "vestibule")


def show(name, found, positive, details):
    right = {place for place in found if any(is_at(place, label) for label in positive)}
    met = [label for label in positive if any(is_at(place, label) for place in found)]
    precision = len(right) / len(found) if found else 1.0
    recall = len(met) / len(positive)
    print(f"{name:16}{len(found):9}{len(right):7}{len(found) - len(right):7}{len(met):6}{len(positive):5}{precision:11.3f}{recall:8.3f}")
    if details:
        for place in sorted(found - right):
            print(f"  false:  {place[0]} {place[1]} line {place[2]}")
        for label in positive:
            if label not in met:
                print(f"  missed: {label['file']} {label['pointer']} {label['why']}")


def is_at(place, label):
    file, pointer, line = place
    if file != label["file"]:
        return False
    if "line" in label:
        return line == label["line"]
    return pointer == label["pointer"] or pointer.startswith(label["pointer"] + "/")


def places_of(found, places):
    """(file, pointer or None, line) -> (file, pointer, line): lines of JSON become the pointer of what begins there."""
    for file, pointer, line in found:
        if file in places:
            yield (file, places[file].pointer(line) if pointer is None else pointer, line)


class Places:
    """Which value begins on which line of a JSON file."""

    def __init__(self, path):
        self.begins = {}
        if path.suffix == ".json":
            text = path.read_text()
            self._value(text, 0, "", [1])

    def pointer(self, line):
        return self.begins.get(line, "")

    def _value(self, text, at, pointer, line):
        at = self._space(text, at, line)
        # the innermost value of a line wins: it is set last
        self.begins[line[0]] = pointer
        if text[at] in "{[":
            is_object = text[at] == "{"
            closing = "}" if is_object else "]"
            at = self._space(text, at + 1, line)
            index = 0
            while text[at] != closing:
                name = str(index)
                if is_object:
                    name, at = json.JSONDecoder().raw_decode(text, at)
                    at = self._space(text, at, line) + 1
                at = self._value(text, at, pointer + "/" + name.replace("~", "~0").replace("/", "~1"), line)
                at = self._space(text, at, line)
                if text[at] == ",":
                    at = self._space(text, at + 1, line)
                index += 1
            return at + 1
        _, end = json.JSONDecoder().raw_decode(text, at)
        return end

    @staticmethod
    def _space(text, at, line):
        while text[at] in " \t\r\n":
            line[0] += text[at] == "\n"
            at += 1
        return at


def vestibule(binary):
    ran = subprocess.run([binary, "scan", ".", "--format", "json"], cwd=CORPUS, capture_output=True, text=True, check=False)
    if not ran.stdout:
        sys.exit(f"no output of {binary}:\n{ran.stderr}")
    for finding in json.loads(ran.stdout)["findings"]:
        if finding["check"] in CREDENTIAL_CHECKS:
            yield finding["file"].removeprefix("./"), finding["pointer"], finding["line"]


def kingfisher(peers):
    command = [peers / "bin" / "kingfisher", "scan", ".", "--no-validate", "--no-update-check", "--format", "json"]
    ran = subprocess.run(command, cwd=CORPUS, capture_output=True, text=True, check=False)
    for line in ran.stdout.splitlines():
        if line.startswith("{"):
            findings = json.loads(line).get("findings", [])
            # the last line counts them
            for finding in findings if isinstance(findings, list) else []:
                yield relative(finding["finding"]["path"]), None, finding["finding"]["line"]


def detect_secrets(peers):
    command = [peers / "bin" / "detect-secrets", "scan", "--all-files", "."]
    ran = subprocess.run(command, cwd=CORPUS, capture_output=True, text=True, check=False)
    for file, findings in json.loads(ran.stdout)["results"].items():
        for finding in findings:
            yield relative(file), None, finding["line_number"]


def relative(path):
    path = pathlib.Path(path)
    return str(path.relative_to(CORPUS) if path.is_absolute() else path)


def install(scratch):
    environment = scratch / "peers"
    venv.create(environment, with_pip=True)
    subprocess.run([environment / "bin" / "pip", "install", "--quiet", *PEERS], check=True)
    return environment


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How fast `vestibule scan` is, beside Python's json and Kingfisher.

Makes 2,000 scenario files of 40 MB in all from a seed (Make blueprints, n8n workflows, Zapier exports, with credentials here and
there), then times in one run, interleaved round by round, and prints medians:

  json        Python's json.load over every file, files read beforehand by none of them
  vestibule   `vestibule scan DIR --format json`, a release build
  kingfisher  `kingfisher scan DIR` without validation (PyPI kingfisher-bin, in an environment of its own), if it can be had

Usage: benches/scan/speed.py [--binary target/release/vestibule] [--rounds 7] [--files 2000] [--megabytes 40] [--seed 3] [--keep DIR]
The bound of this project: at most 1.2 times the time of json, less than 200 MB of memory. Exit code 1 if it is missed.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BOUND_RATIO = 1.2
BOUND_MEMORY = 200

WORDS = (
    "applicant candidate interview offer reply schedule update customer order invoice status team report summary record field value "
    "please write the short text about for with from into when then only never always check send create find list every week month"
).split()
PERSONAL = "email first_name last_name phone company job_title notes address city birthday salary source id status created_at".split()
BUSINESS = "sku title url total currency quantity slug priority due_date summary content category source id status created_at".split()
HOSTS = ["api.example.com", "hooks.example.org", "crm.example.net", "hr.example.com", "mail.example.org"]


class Maker:
    """Scenario files of realistic shape and size, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.fields = BUSINESS
        self.has_keys = False

    def file(self, make, size):
        """About a third of real files map personal fields, and about one in eight holds a credential."""
        self.fields = PERSONAL if self.random.random() < 0.33 else BUSINESS
        self.has_keys = self.random.random() < 0.125
        return make(size)

    def text(self, words):
        return " ".join(self.random.choices(WORDS, k=words))

    def key(self, length=32):
        return "".join(self.random.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=length))

    def uuid(self):
        digits = "%032x" % self.random.getrandbits(128)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def code(self, lines):
        kinds = [
            "const {a} = items.map((item) => item.json.{b});",
            "if (!{a}) {{ throw new Error('{b} is missing'); }}",
            "// {c}",
            "results.push({{ {a}: input.{a}, {b}: `${{input.{b}}} x` }});",
            "for (const {a} of $input.all()) {{ {a}.json.{b} = {a}.json.{b}.trim(); }}",
        ]
        out = [self.random.choice(kinds).format(a=self.random.choice(self.fields), b=self.random.choice(self.fields), c=self.text(8)) for _ in range(lines)]
        if self.has_keys and self.random.random() < 0.3:
            out.insert(1, "const apiKey = '%s';" % self.key(40))
        return "\n".join(out)

    def header(self):
        roll = self.random.random()
        if self.has_keys and roll < 0.25:
            return {"name": "Authorization", "value": "Bearer " + self.key(40)}
        if self.has_keys and roll < 0.35:
            return {"name": "X-Api-Key", "value": self.key(32)}
        if roll < 0.08:
            return {"name": "X-Api-Key", "value": "YOUR_API_KEY"}
        return {"name": "Content-Type", "value": "application/json"}

    def n8n(self, size):
        nodes, length = [], 0
        connections = {}
        while length < size:
            node = self.n8n_node(len(nodes))
            nodes.append(node)
            length += len(json.dumps(node)) * 1.4
        for before, after in zip(nodes, nodes[1:]):
            connections[before["name"]] = {"main": [[{"node": after["name"], "type": "main", "index": 0}]]}
        workflow = {
            "name": self.text(4),
            "nodes": nodes,
            "connections": connections,
            "active": self.random.random() < 0.5,
            "settings": {"executionOrder": "v1"},
            "meta": {"instanceId": "%064x" % self.random.getrandbits(256)},
            "id": self.key(16),
            "tags": [],
        }
        if self.random.random() < 0.2:
            workflow["pinData"] = {nodes[0]["name"]: [{"json": {field: self.text(2) for field in self.fields}} for _ in range(6)]}
        return json.dumps(workflow, indent=2)

    def n8n_node(self, index):
        roll = self.random.random()
        if index == 0:
            kind, parameters = "n8n-nodes-base.webhook", {"path": self.uuid(), "httpMethod": "POST", "options": {}}
        elif roll < 0.25:
            kind = "n8n-nodes-base.httpRequest"
            parameters = {
                "method": "POST",
                "url": "=https://%s/v1/{{ $json.id }}" % self.random.choice(HOSTS),
                "sendHeaders": True,
                "headerParameters": {"parameters": [self.header(), self.header()]},
                "sendBody": True,
                "specifyBody": "json",
                "jsonBody": "={\n" + ",\n".join('  "%s": "{{ $json.%s }}"' % (field, field) for field in self.random.sample(self.fields, 6)) + "\n}",
                "options": {},
            }
        elif roll < 0.45:
            kind, parameters = "n8n-nodes-base.code", {"jsCode": self.code(self.random.randint(8, 60))}
        elif roll < 0.6:
            kind = "n8n-nodes-base.set"
            values = [{"id": self.uuid(), "name": field, "value": "={{ $json.%s }}" % field, "type": "string"} for field in self.random.sample(self.fields, 6)]
            parameters = {"assignments": {"assignments": values}, "options": {}}
        elif roll < 0.75:
            kind, parameters = "n8n-nodes-base.stickyNote", {"content": "## " + self.text(self.random.randint(20, 160)), "height": 300, "width": 420}
        elif roll < 0.88:
            kind = "@n8n/n8n-nodes-langchain.agent"
            parameters = {"promptType": "define", "text": "={{ $json.source }} " + self.text(20), "options": {"systemMessage": self.text(self.random.randint(60, 400))}}
        else:
            kind = "n8n-nodes-base.googleSheets"
            parameters = {
                "operation": "append",
                "documentId": {"__rl": True, "value": self.key(44), "mode": "list", "cachedResultName": self.text(2)},
                "columns": {"mappingMode": "defineBelow", "value": {field: "={{ $('Webhook').item.json.body.%s }}" % field for field in self.fields}},
                "options": {},
            }
        node = {"parameters": parameters, "id": self.uuid(), "name": "%s %d" % (self.text(2), index), "type": kind, "typeVersion": 2, "position": [index * 220, 300]}
        if "google" in kind:
            node["credentials"] = {"googleSheetsOAuth2Api": {"id": self.key(16), "name": "Google Sheets account"}}
        return node

    def make(self, size):
        flow, length = [], 0
        while length < size:
            module = self.make_module(len(flow) + 1)
            flow.append(module)
            length += len(json.dumps(module)) * 1.7
        blueprint = {
            "name": self.text(4),
            "flow": flow,
            "metadata": {
                "instant": True,
                "version": 1,
                "scenario": {"roundtrips": 1, "maxErrors": 3, "autoCommit": True, "sequential": False, "confidential": False, "dataloss": False, "dlq": False},
                "designer": {"orphans": []},
                "zone": "eu1.make.com",
            },
        }
        return json.dumps(blueprint, indent=4)

    def make_module(self, index):
        roll = self.random.random()
        expect = [{"name": field, "type": "text", "label": self.text(2), "required": False, "help": self.text(6)} for field in self.random.sample(self.fields, 8)]
        restore = {"expect": {field: {"mode": "chose", "label": self.text(2)} for field in self.random.sample(self.fields, 4)}}
        metadata = {"designer": {"x": index * 300, "y": 0}, "restore": restore, "expect": expect}
        if index == 1:
            return {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {"hook": 4711, "maxResults": 1}, "mapper": {}, "metadata": metadata}
        if roll < 0.4:
            mapper = {
                "url": "https://%s/v2/people/{{1.id}}" % self.random.choice(HOSTS),
                "serializeUrl": False,
                "method": "post",
                "headers": [self.header(), self.header()],
                "qs": [{"name": "limit", "value": "10"}],
                "bodyType": "raw",
                "parseResponse": True,
                "timeout": "",
                "shareCookies": False,
                "rejectUnauthorized": True,
                "followRedirect": True,
                "gzip": True,
                "contentType": "application/json",
                "data": "{" + ", ".join('"%s": "{{1.%s}}"' % (field, field) for field in self.random.sample(self.fields, 6)) + "}",
            }
            return {"id": index, "module": "http:ActionSendData", "version": 3, "parameters": {"handleErrors": False}, "mapper": mapper, "metadata": metadata}
        if roll < 0.55:
            mapper = {"model": "gpt-4o", "messages": [{"role": "user", "content": self.text(self.random.randint(40, 300)) + " {{1.source}}"}]}
            return {"id": index, "module": "openai-gpt-3:CreateCompletion", "version": 1, "parameters": {"__IMTCONN__": 12345}, "mapper": mapper, "metadata": metadata}
        mapper = {field: "{{%d.%s}}" % (max(1, index - 1), field) for field in self.random.sample(self.fields, 8)}
        return {"id": index, "module": "airtable:ActionCreateRecord", "version": 3, "parameters": {"__IMTCONN__": 23456}, "mapper": mapper, "metadata": metadata}

    def zapier(self, size):
        zaps, length, step = [], 0, 100000000 + self.random.randrange(10**8)
        while length < size:
            nodes, root, parent = {}, step, None
            for place in range(self.random.randint(2, 8)):
                nodes[str(step)] = self.zapier_step(step, parent, root, place)
                parent, step = step, step + 1
            zaps.append({"id": root, "title": self.text(4), "status": self.random.choice(["on", "off"]), "nodes": nodes})
            length += len(json.dumps(zaps[-1]))
        return json.dumps({"metadata": {"version": "gdpr_v1"}, "zaps": zaps})

    def zapier_step(self, step, parent, root, place):
        roll = self.random.random()
        if place == 0:
            api, action, kind, params = "WebHookCLIAPI@1.1.1", "hook_v2", "read", {}
        elif roll < 0.3:
            header = self.header()
            params = {"url": "https://%s/in" % self.random.choice(HOSTS), "headers": {header["name"]: header["value"]}, "data": {field: "{{%d__%s}}" % (root, field) for field in self.random.sample(self.fields, 6)}}
            api, action, kind = "WebHookCLIAPI@1.1.1", "post", "write"
        elif roll < 0.5:
            api, action, kind = "CodeCLIAPI@1.0.1", self.uuid(), "write"
            params = {"code": self.code(self.random.randint(8, 40)), "input": {"id": "{{%d__id}}" % root}}
        else:
            api, action, kind = "GoogleSheetsV2CLIAPI@2.12.0", "add_row", "write"
            params = {"spreadsheet": self.key(44), "worksheet": "0", **{"COL$" + chr(65 + i): "{{%d__%s}}" % (root, field) for i, field in enumerate(self.fields)}}
        stores = {"copied_from": None, "created_by": None, "polling_interval_override": 0, "block_and_release_limit_override": 0, "spread_tasks": 1}
        meta = {"$editor": {"has_automatic_issues": False}, "parammap": {"spreadsheet": self.text(2)}, "stepTitle": self.text(3)}
        return {
            "id": step, "account_id": 70110022, "customuser_id": 70220033, "paused": place > 0, "type_of": kind, "params": params, "meta": meta,
            "triple_stores": stores, "folders": None, "parent_id": parent, "root_id": root if place else None, "action": action, "selected_api": api,
            "title": None, "authentication_id": None, "created_at": "2026-03-02T09:00:00+00:00", "last_changed": "2026-03-04T10:15:00+00:00",
        }

    def folder(self, folder, files, total):
        """Sizes are spread as real ones are: many small files, few large ones."""
        weights = [self.random.lognormvariate(0, 1) for _ in range(files)]
        scale = total / sum(weights)
        kinds = self.random.choices([("n8n", self.n8n), ("make", self.make), ("zapier", self.zapier)], weights=[50, 35, 15], k=files)
        written = 0
        for index, (weight, (name, make)) in enumerate(zip(weights, kinds)):
            # later files make up for what earlier ones were too long or too short
            done = sum(weights[:index]) * scale if index else 0
            text = self.file(make, max(600, weight * scale * (1.0 if written <= done else 0.8)))
            written += len(text)
            (folder / ("%04d-%s.json" % (index, name))).write_text(text)
        return written


def read_with_json(files):
    for path in files:
        with open(path, "rb") as file:
            json.load(file)


def peak_of(command):
    """Seconds, seconds of all processors, peak memory in MB and output of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output


def json_in_a_process(files):
    """json.load over the files, in a fresh interpreter so that its heap is its own; the time is that of the loop alone."""
    program = (
        "import json,sys,time\n"
        "files=sys.stdin.read().split('\\n')\n"
        "start,cpu=time.perf_counter(),time.process_time()\n"
        "for path in files:\n"
        "    with open(path,'rb') as file: json.load(file)\n"
        "print(time.perf_counter()-start,time.process_time()-cpu)\n"
    )
    out = subprocess.run([sys.executable, "-c", program], input="\n".join(map(str, files)), capture_output=True, text=True, check=True)
    seconds, cpu = map(float, out.stdout.split())
    return seconds, cpu


def kingfisher(cache):
    """The path of Kingfisher's program, installed once into an environment of its own; None if it cannot be had."""
    program = cache / "bin" / "kingfisher"
    if not program.exists():
        try:
            venv.create(cache, with_pip=True)
            subprocess.run([cache / "bin" / "pip", "install", "--quiet", "kingfisher-bin"], check=True, timeout=600, capture_output=True)
        except (OSError, subprocess.SubprocessError) as error:
            print("kingfisher: not run (%s)" % type(error).__name__)
            return None
    return program if program.exists() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "target" / "release" / "vestibule")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--megabytes", type=float, default=40)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--keep", type=pathlib.Path, help="write the files here and leave them")
    parser.add_argument("--kingfisher", type=pathlib.Path, help="Kingfisher's program; otherwise it is installed beside the build")
    parser.add_argument("--generate-only", action="store_true")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary) / "scenarios"
        folder.mkdir(parents=True, exist_ok=True)
        written = Maker(options.seed).folder(folder, options.files, int(options.megabytes * 1e6))
        files = sorted(folder.glob("*.json"))
        print("%d files, %.1f MB, seed %d, %d cores" % (len(files), written / 1e6, options.seed, os.cpu_count()))
        if options.generate_only:
            return 0
        if not options.binary.exists():
            print("no program at %s: cargo build --release" % options.binary)
            return 2
        ours = [options.binary, "scan", folder, "--format", "json"]
        other = options.kingfisher or kingfisher(ROOT / "target" / "scan-bench" / "kingfisher")
        theirs = other and [other, "scan", folder, "--no-validate", "--no-update-check", "--git-history", "none", "--format", "json"]

        read_with_json(files)  # warms the disk's cache for all
        peak_of(ours)
        if theirs:
            peak_of(theirs)
        times = {"json": [], "vestibule": [], "kingfisher": []}
        busy = {"json": [], "vestibule": [], "kingfisher": []}
        memory = {"vestibule": 0, "kingfisher": 0}
        findings = {}
        for _ in range(options.rounds):
            seconds, cpu = json_in_a_process(files)
            times["json"].append(seconds)
            busy["json"].append(cpu)
            for name, command in (("vestibule", ours), ("kingfisher", theirs)):
                if not command:
                    continue
                seconds, cpu, peak, output = peak_of(command)
                times[name].append(seconds)
                busy[name].append(cpu)
                memory[name] = max(memory[name], peak)
                findings[name] = output
        medians = {name: statistics.median(values) for name, values in times.items() if values}
        base = medians["json"]
        print("%-11s %9s %9s %9s %9s %9s %9s" % ("", "median s", "min s", "max s", "CPU s", "x json", "peak MB"))
        for name, median in medians.items():
            peak = "%9.0f" % memory[name] if name in memory else ""
            cpu = statistics.median(busy[name])
            print("%-11s %9.3f %9.3f %9.3f %9.3f %9.2f %s" % (name, median, min(times[name]), max(times[name]), cpu, median / base, peak))
        report = json.loads(findings["vestibule"])
        covered = {entry["file"] for entry in report["coverage"]}
        print("vestibule: %d findings, %d files in the coverage" % (len(report["findings"]), len(covered)))
        if "kingfisher" in medians:
            print("vestibule takes %.2f of kingfisher's time" % (medians["vestibule"] / medians["kingfisher"]))
        ratio = medians["vestibule"] / base
        met = ratio <= BOUND_RATIO and memory["vestibule"] < BOUND_MEMORY and len(covered) == len(files)
        print("bound (%.1f x json, %d MB, every file covered): %s" % (BOUND_RATIO, BOUND_MEMORY, "met" if met else "MISSED"))
        return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())

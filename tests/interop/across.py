"""Each official package accepts what the other signs, through the scripts as the Rust tests call them.

It reads VESTIBULE_NODE_DIR and runs `node` and the Python it runs under; it does not touch Vestibule.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SECRET = "whsec_c29tZXRocm93YXdheXNlY3JldG9mYXRlc3RydW4hISE="
COUNT = 12
COMMANDS = {
    "node": (["node", str(HERE / "node/sign.mjs")], ["node", str(HERE / "node/verify.mjs")]),
    "python": ([sys.executable, str(HERE / "python/sign.py")], [sys.executable, str(HERE / "python/verify.py")]),
}


def lines(command: list[str], text: str = "") -> list[dict]:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def request(message: dict, late: int) -> str:
    headers = {
        "webhook-id": message["id"],
        "webhook-timestamp": str(message["timestamp"] - late),
        "webhook-signature": message["signature"],
    }
    return json.dumps({"headers": headers, "body_base64": message["body_base64"], "secret": SECRET})


def main() -> int:
    results: list[bool] = []
    for signer, (sign, _) in COMMANDS.items():
        messages = lines([*sign, str(COUNT), SECRET])
        results.append(len(messages) == COUNT)
        for verifier, (_, verify) in COMMANDS.items():
            for late, expected in ((0, True), (1, False)):
                answers = lines(verify, "\n".join(request(message, late) for message in messages))
                ok = answers == [{"ok": expected}] * COUNT
                if not ok:
                    print(f"failed: signed by {signer}, judged by {verifier}, late by {late} s", file=sys.stderr)
                results.append(ok)
    print(f"interop across packages: {results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

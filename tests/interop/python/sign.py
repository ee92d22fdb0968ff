"""`python sign.py N SECRET` prints N JSON lines {id, timestamp, signature, body_base64}, signed by the official package.

`python sign.py --self-test` signs, verifies and alters messages, and prints how many checks passed.
The secret is a throwaway of the calling test; nothing here is meant for a real one.
"""

import base64
import json
import sys

from common import accepted, body, signed

SELF_TEST_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
OTHER_SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="


def request(message: dict, secret: str) -> dict:
    headers = {
        "webhook-id": message["id"],
        "webhook-timestamp": str(message["timestamp"]),
        "webhook-signature": message["signature"],
    }
    return {"headers": headers, "body_base64": message["body_base64"], "secret": secret}


def self_test() -> int:
    results: list[bool] = []

    def check(what: str, ok: bool) -> None:
        results.append(ok)
        if not ok:
            print(f"failed: {what}", file=sys.stderr)

    for index in range(12):
        check(f"message {index} is an object", isinstance(json.loads(body(index)), dict))
        good = request(signed(index, SELF_TEST_SECRET), SELF_TEST_SECRET)
        check(f"message {index} is accepted", accepted(good))
        check(f"message {index} under another secret is refused", not accepted({**good, "secret": OTHER_SECRET}))
        altered = bytearray(base64.b64decode(good["body_base64"]))
        altered[0] ^= 1
        changed = {**good, "body_base64": base64.b64encode(bytes(altered)).decode()}
        check(f"message {index} altered is refused", not accepted(changed))
        late = {**good["headers"], "webhook-timestamp": str(int(good["headers"]["webhook-timestamp"]) - 3600)}
        check(f"message {index} an hour old is refused", not accepted({**good, "headers": late}))
    check("one message is 1 MiB", len(body(4)) == 1 << 20)
    failed = results.count(False)
    print(f"interop self-test (python): {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 2 or not arguments[0].isdigit():
        print("usage: sign.py N SECRET | --self-test", file=sys.stderr)
        return 2
    for index in range(int(arguments[0])):
        print(json.dumps(signed(index, arguments[1]), separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

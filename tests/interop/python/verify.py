"""Reads JSON lines {headers: {...}, body_base64, secret} on standard input and prints a line {"ok": true|false} for each.

The official package judges. A line that cannot be read ends the run with status 2: it is the test's mistake.
"""

import json
import sys

from common import accepted


def main() -> int:
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
        except ValueError:
            print("verify.py: a line of the input is not JSON", file=sys.stderr)
            return 2
        print(json.dumps({"ok": accepted(request)}, separators=(",", ":")), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

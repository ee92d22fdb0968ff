"""What sign.py and verify.py share: the official package, and the bodies that are hard to carry unchanged.

It does not compute or check a signature itself: the `standardwebhooks` package does both.
"""

import base64
import uuid
from datetime import datetime, timezone

from standardwebhooks import Webhook

LARGE = 1 << 20

# Each is valid JSON and an object; the bytes, not the values, are what must survive.
SHAPES = [
    '{"candidate":{"name":"Łukasz Ünal MARK","city":"東京","note":"👩🏽‍💻 é vs e\u0301 \u2028"}}',
    "{}",
    '{\r\n\t"type": "application.created",\r\n  "id" : "MARK"\r\n}\r\n',
    '{"note":"quote \\" slash \\/ back \\\\ tab \\t line \\n pair \\ud83d\\ude00 MARK","\\u0061":1}',
    '{"id":"MARK","numbers":[0,-0,1.0,1e3,1E-2,12345678901234567890,0.1000],"flags":[true,false,null]}',
]


def body(index: int) -> bytes:
    """The body of message `index`; the fifth of the first six is 1 MiB, once in a run because it is slow to carry."""
    mark = str(uuid.uuid4())
    if index == 4:
        frame = '{"id":"%s","cv":"%s"}'
        return (frame % (mark, "a" * (LARGE - len(frame % (mark, ""))))).encode()
    return SHAPES[index % len(SHAPES)].replace("MARK", mark).encode()


def signed(index: int, secret: str) -> dict:
    """One signed message as the Rust tests read it."""
    data = body(index)
    message_id = "msg_" + uuid.uuid4().hex
    now = datetime.now(tz=timezone.utc)
    return {
        "id": message_id,
        "timestamp": int(now.timestamp()),
        "signature": Webhook(secret).sign(message_id, now, data.decode()),
        "body_base64": base64.b64encode(data).decode(),
    }


def accepted(request: dict) -> bool:
    """Whether the official package accepts a request."""
    data = base64.b64decode(request["body_base64"])
    try:
        Webhook(request["secret"]).verify(data, request["headers"])
    except Exception:  # the package raises its own class, and others on malformed input: each is a refusal
        return False
    return True

#!/usr/bin/env python3
"""Generated documents for `vestibule dev --once --json --event -`: nothing marked may reach platform or log, and the
destination must get every document value for value.

Every string and member name carries a unique mark of 12 characters, every number 12 unique digits. A mark is looked for
raw, in UTF-16, base64 at its three offsets, hexadecimal, URL and JSON escaped, and gzip streams that the base64 and
hexadecimal runs of the output hold.

usage: generate.py PROGRAM COUNT [SEED]     PROGRAM is the built vestibule binary
"""
import base64, json, random, subprocess, sys, zlib

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
ODD = ["", " ", "ä", "名", "😀", "\"", "\\", "/", "\t", ".", "[0]", "$", "@", "%", "&amp;", "<b>", "'", "\u2028", "~", "e\u0301", "-"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.marks, self.left = [], 0

    def mark(self):
        mark = "".join(self.random.choice(ALPHABET) for _ in range(12))
        self.marks.append(mark)
        return mark

    def text(self):
        shapes = [lambda m: m, lambda m: f"x{m}", lambda m: f"{m}@example.org", lambda m: f"{self.random.choice(ODD)}{m}{self.random.choice(ODD)}", lambda m: f"Dear {m},\n", lambda m: m * 2, lambda m: f"field_{m}", lambda m: f"{m} {m.lower()}"]
        return self.random.choice(shapes)(self.mark())

    def number(self):
        digits = str(self.random.randrange(10**11, 10**12))
        self.marks.append(digits)
        shape = self.random.choice(["{}", "-{}", "{}.5", "0.{}", "{}e3", "{}E+10", "-{}.250e-7"])
        return Number(shape.format(digits))

    def value(self, depth):
        if self.left <= 0:
            return None
        kind = self.random.random()
        if depth < 12 and kind < 0.22:
            return {self.text(): self.value(depth + 1) for _ in range(self.random.randrange(0, 9))}
        if depth < 12 and kind < 0.40:
            return [self.value(depth + 1) for _ in range(self.random.randrange(0, 9))]
        self.left -= 1
        if kind < 0.70:
            return self.text()
        if kind < 0.90:
            return self.number()
        return self.random.choice([None, "", True, False, {}, []])

    def document(self, number):
        self.left = 5000 if number % 100 == 99 else self.random.choice([1, 5, 30, 200])
        if number % 10 == 0:
            return self.random.choice([self.text, self.number, lambda: [self.text()], lambda: None, lambda: ""])()
        if number % 100 == 99:
            return [self.value(3) for _ in range(5000)]
        return self.value(0) if number % 3 else {self.text(): self.value(1) for _ in range(6)}


class Number:
    def __init__(self, text):
        self.text = text


def write(value, pick):
    """JSON text with the numbers as they were made and white space as it falls."""
    space = pick.choice(["", "", " ", "\n "])
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + space + ("," + space).join(json.dumps(k, ensure_ascii=pick.random() < 0.5) + ":" + write(v, pick) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + space + ("," + space).join(write(v, pick) for v in value) + "]"
    return json.dumps(value, ensure_ascii=pick.random() < 0.5)


def exact(text):
    return json.loads(text, parse_int=lambda t: ("number", t), parse_float=lambda t: ("number", t))


def encodings(mark):
    raw = mark.encode()
    yield raw
    yield mark.encode("utf-16-le")
    yield mark.encode("utf-16-be")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield "".join(f"%{b:02x}" for b in raw).encode()
    yield "".join(f"%{b:02X}" for b in raw).encode()
    yield "".join(f"\\u{b:04x}" for b in raw).encode()
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw)
        start, end = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
        yield coded[start:end]
        yield coded[start:end].replace(b"+", b"-").replace(b"/", b"_")


def inflated(blob):
    """What gzip and zlib streams in the blob unpack to."""
    at = blob.find(b"\x1f\x8b")
    while at >= 0:
        try:
            yield zlib.decompressobj(31).decompress(blob[at:], 1 << 20)
        except zlib.error:
            pass
        at = blob.find(b"\x1f\x8b", at + 1)


def leaks(part, marks):
    blob = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
    blob = blob.encode()
    blob = b"\n".join([blob, *inflated(blob)])
    # one pass over the text finds nearly everything; only what has a twelve-character run in common is looked at closely
    return [mark for mark in marks if any(coded in blob for coded in encodings(mark))]


def prove_search():
    mark = "AbCdEfGh2345"
    for coded in encodings(mark):
        assert leaks((b"xy" + coded + b"z").decode("latin-1"), [mark]), coded
    assert not leaks("nothing here", [mark])


def main():
    program, count = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    prove_search()
    failed = scalars = 0
    for number in range(count):
        maker = Maker(f"{seed}/{number}")
        text = write(maker.document(number), maker.random)
        scalars += len(maker.marks)
        run = subprocess.run([program, "dev", "--once", "--json", "--event", "-"], input=text.encode(), capture_output=True)
        if run.returncode != 0:
            failed += 1
            print(f"document {number}: exit {run.returncode}: {run.stderr.decode()[:300]}")
            continue
        shown = json.loads(run.stdout)
        wrong = [f"{len(found)} marks in {part}" for part in ("platform", "log") if (found := leaks(shown[part], maker.marks))]
        destination = shown["destination"]
        if exact(destination) != exact(text):
            wrong.append("the destination got something else")
        if wrong:
            failed += 1
            print(f"document {number}: {', '.join(wrong)}")
    print(f"generated documents: {count} documents, {scalars} marks, {failed} failed")
    print(f"{count - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()

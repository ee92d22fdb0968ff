"""Shows with SQLite itself that the shim tells synced from unsynced: `sqlite_rounds.py TOOLS [ROUNDS]`.

A child writes rows and acknowledges each after its commit; it is killed with SIGKILL after a few, and what it had not
synced is dropped. With synchronous=FULL every acknowledged row must be there after each round; with synchronous=OFF
rows must be lost, or this check could not fail. It says nothing about Vestibule: it is the measure of the measure.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile

CHILD = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("PRAGMA journal_mode=WAL")
base.execute("PRAGMA synchronous=" + sys.argv[2])
base.execute("PRAGMA wal_autocheckpoint=7")
base.execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, filler BLOB) STRICT")
number = base.execute("SELECT coalesce(max(id), 0) FROM row").fetchone()[0]
while True:
    number += 1
    base.execute("INSERT INTO row VALUES (?, randomblob(900))", (number,))
    print(number, flush=True)
"""


def one_round(tools: str, folder: str, mode: str, options: list[str], acknowledgements: int) -> tuple[int, int]:
    """One child's life; gives the last acknowledged row and the last one found (-1 for a damaged database)."""
    data, journal = os.path.join(folder, "data"), os.path.join(folder, "journal")
    database = os.path.join(data, "rows.db")
    environment = dict(os.environ, LD_PRELOAD=os.path.join(tools, "unsynced.so"))
    environment |= {"VESTIBULE_SHIM_DIR": data, "VESTIBULE_SHIM_JOURNAL": journal}
    child = subprocess.Popen([sys.executable, "-c", CHILD, database, mode], stdout=subprocess.PIPE, env=environment)
    acknowledged = 0
    for _ in range(acknowledgements):
        acknowledged = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split()
    child.wait()
    acknowledged = int(rest[-1]) if rest else acknowledged
    tool = [os.path.join(tools, "drop-unsynced"), "--dir", data, "--journal", journal]
    subprocess.run([*tool, *options], check=True, stdout=subprocess.DEVNULL)
    base = sqlite3.connect(database)
    try:
        if base.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            return acknowledged, -1
        found, count = base.execute("SELECT coalesce(max(id), 0), count(*) FROM row").fetchone()
        return acknowledged, found if found == count else -1
    except sqlite3.DatabaseError:
        return acknowledged, -1
    finally:
        base.close()


def rounds(tools: str, mode: str, count: int, dice: random.Random) -> int:
    """How many of `count` rounds lost an acknowledged row; a round after a loss begins with an empty folder."""
    losses, lost = 0, True
    for index in range(count):
        if lost:
            home = tempfile.TemporaryDirectory(prefix="unsynced-sqlite-")
            os.mkdir(os.path.join(home.name, "data"))
        options = [] if index % 2 == 0 else ["--seed", str(index), "--torn"]
        acknowledged, found = one_round(tools, home.name, mode, options, dice.randint(1, 40))
        lost = found < acknowledged
        losses += lost
    return losses


def main(arguments: list[str]) -> int:
    if not arguments or len(arguments) > 2:
        print("usage: sqlite_rounds.py TOOLS [ROUNDS]", file=sys.stderr)
        return 2
    tools, count = os.path.abspath(arguments[0]), int(arguments[1]) if len(arguments) == 2 else 50
    full = rounds(tools, "FULL", count, random.Random(1))
    off = rounds(tools, "OFF", count, random.Random(1))
    print(f"sqlite under the shim: synchronous=FULL lost rows in {full} of {count} rounds, OFF in {off} of {count}")
    results = [full == 0, off > 0]
    print(f"sqlite under the shim: {results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

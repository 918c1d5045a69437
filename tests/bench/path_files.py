"""What the app serves in the rows over a long path: assets, single responses and a large file, of text and of bytes
that do not compress."""

import os
import random
from pathlib import Path

KIB = 1 << 10
ASSETS = 200
ASSET_SIZE = 10 * KIB
COLD = "10k"
SIZES = (1, 5, 10, 20, 50)  # KiB of a single response
BULK = "20m"
BULK_SIZE = 20 << 20

SCRIPTS = ("/usr/share/nodejs", "/usr/share/javascript", "/usr/lib/node_modules")
SMALLEST_SCRIPT = 2 * KIB
LEAST_TEXT = 4 << 20  # less would repeat itself within the window of a compressor


def collected(folders, suffix):
    """Source files one after the other, in the order of their paths."""
    text = bytearray()
    for folder in folders:
        for path in sorted(Path(folder).rglob(f"*{suffix}")):
            if path.is_file() and path.stat().st_size >= SMALLEST_SCRIPT:
                text += path.read_bytes()
            if len(text) >= BULK_SIZE:
                return text
    return text


def text_corpus():
    """JavaScript where there is enough of it, else Python's own library; and which of them it is."""
    text, what = collected(SCRIPTS, ".js"), "JavaScript"
    if len(text) < LEAST_TEXT:
        text, what = collected([os.path.dirname(os.__file__)], ".py"), "Python"
    return bytes(text), what


def make_path_files(folder):
    """text/ and random/ below `folder`; returns what the text is."""
    text, what = text_corpus()
    while len(text) < BULK_SIZE:
        text += text
    for name, content in (("text", text), ("random", random.Random(1).randbytes(BULK_SIZE))):
        into = folder / name
        into.mkdir(parents=True)
        (into / BULK).write_bytes(content[:BULK_SIZE])
        # From all over the text, so that they have no more in common than files of one project.
        step = (BULK_SIZE - ASSET_SIZE) // ASSETS
        for number in range(ASSETS):
            (into / str(number)).write_bytes(content[number * step:number * step + ASSET_SIZE])
        for kib in SIZES:
            (into / f"{kib}k").write_bytes(content[step // 2:step // 2 + kib * KIB])
    return what

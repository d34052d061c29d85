"""Makes examples/glyphs/data: scanned handwritten digits as PNG files, 8 x 8 grey levels, a folder a class.

    python3 examples/make_glyphs.py

The images are those of scikit-learn's `load_digits` (UCI Optical Recognition of Handwritten Digits, CC BY 4.0), which
examples/digits/data/digits.csv holds as rows: the first 60 of each digit.
"""
import csv
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).parent
SIDE, EACH = 8, 60


def chunk(kind, data):
    """A chunk of a PNG file (PNG specification, section 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels):
    """An 8-bit grey PNG of SIDE x SIDE pixels."""
    rows = b"".join(b"\0" + bytes(pixels[at : at + SIDE]) for at in range(0, SIDE * SIDE, SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main():
    folder = HERE / "glyphs" / "data"
    counts = {}
    with open(HERE / "digits" / "data" / "digits.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            number = counts.get(row["label"], 0)
            counts[row["label"]] = number + 1
            if number < EACH:
                # 17 levels, 0 to 16.
                pixels = [min(255, round(float(row[f"p{at}"]) * 255 / 16)) for at in range(SIDE * SIDE)]
                path = folder / row["label"] / f"{number:02}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(png(pixels))


if __name__ == "__main__":
    main()

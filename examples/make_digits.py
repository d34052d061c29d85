#!/usr/bin/env python3
"""Writes examples/digits/data/digits.csv: the 1797 8x8 digits that scikit-learn bundles.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install scikit-learn==1.9.1 && /tmp/v/bin/python examples/make_digits.py
"""

from pathlib import Path

from sklearn.datasets import load_digits

digits = load_digits()
target = Path(__file__).parent / "digits" / "data" / "digits.csv"
lines = [",".join([f"p{pixel}" for pixel in range(64)] + ["label"])]
lines += [",".join(str(int(value)) for value in [*row, label]) for row, label in zip(digits.data, digits.target)]
target.write_text("\n".join(lines) + "\n")

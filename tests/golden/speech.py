#!/usr/bin/env python3
"""Reads one-second sounds (16000 float32 each) from stdin and writes what `features.py` defines of them to stdout, as float32:
`mfcc_tensorflow` (the front-end of MLPerf Tiny keyword spotting: tf.signal, 30 ms, 20 ms, 40 filters of 20 to 4000 Hz, 10
coefficients) or `log_mel` (librosa, 30 ms, 20 ms, 40 filters). Ends with 77 where a package is missing."""
import sys

try:
    import numpy as np
    import features
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)

window = dict(rate=16000, length=480, hop=320, filters=40)
define = {
    "mfcc_tensorflow": lambda x: features.tf_mfcc(x, 10, low=20, high=4000, **window),
    "log_mel": lambda x: features.log_mel(x, low=0, high=8000, **window),
}[sys.argv[1]]
sounds = np.frombuffer(sys.stdin.buffer.read(), dtype=np.float32).reshape(-1, 16000).astype(np.float64)
sys.stdout.buffer.write(np.stack([define(x) for x in sounds]).astype(np.float32).tobytes())

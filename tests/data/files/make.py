"""Makes the small files beside it that no Rust program here writes: JPEG, NPZ, NPY of several kinds.

Run: python3 make.py   (numpy 2, Pillow 12; the files are checked in)
"""

import numpy as np
from PIL import Image

ramp = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)
Image.fromarray(ramp, "L").save("grey.jpg", quality=95)
colour = np.zeros((16, 24, 3), np.uint8)
colour[:, :8, 0], colour[:, 8:16, 1], colour[:, 16:, 2] = 200, 150, 100
Image.fromarray(colour, "RGB").save("colour.jpg", quality=95)
Image.fromarray(colour, "RGB").save("colour.bmp")
Image.fromarray(ramp, "L").convert("P").save("palette.bmp")
Image.fromarray(colour, "RGB").save("colour.ppm")
x = np.arange(3 * 4 * 2, dtype=np.float64).reshape(3, 4, 2) / 4
np.savez_compressed("packed.npz", x=x, y=np.array(["a", "b", "a"]), h=x.astype(np.float16))
np.savez("plain.npz", x=x.astype(np.int16), y=np.array([0, 1, 0]))
np.save("fortran.npy", np.asfortranarray(x.astype(np.float32)))
np.save("onehot.npy", np.eye(2, dtype=np.float32)[[0, 1, 0]])
np.save("bytes.npy", np.array([b"a", b"b", b"a"]))

#!/usr/bin/env python3
"""Writes features.json: what numpy, scipy and librosa make of the signals below, for tests/features/golden.rs.

Run with `pip install numpy scipy librosa`; the versions that were used stand in the file. Signals are made of integers, so
that the test makes the same ones. Each case is a line of a spec, the shape and rate of what it is given, and a tolerance:
the largest distance allowed, absolute for numbers below 1, relative above.
"""
import json
import os

import librosa
import numpy as np
import scipy
from scipy import fft, signal, stats


def samples(count, channels, seed, quiet=0):
    """float32[count, channels], multiples of 2^-15: triangles, steps and noise; zeros at the start where `quiet`."""
    state, rows = seed, []
    for i in range(count):
        row = []
        for c in range(channels):
            state = (state * 1664525 + 1013904223) % 2**32
            noise = (state >> 20) - 2048
            phase = (i * (7 + 3 * c)) % 64
            wave = (phase if phase < 32 else 64 - phase) * 400 - 6400
            step = 3000 if (i // 17) % 3 == 1 else 0
            row.append(0 if i < quiet else noise + wave + step + 1000 * c)
        rows.append(row)
    return np.array(rows, dtype=np.float32) / 32768


def next_power(n):
    return max(8, 1 << (n - 1).bit_length())


def group(bins, count):
    total = len(bins)
    edges = [b * total // count for b in range(count + 1)]
    return np.array([bins[a:b].mean() for a, b in zip(edges, edges[1:])])


def spectrum(x, bins=None, scale="linear", window="hann", points=None):
    n = len(x)
    w = np.ones(n) if window == "none" else signal.get_window(window, n)
    spec = np.abs(np.fft.rfft(x * w, points or next_power(n))) / w.sum()
    bins = bins or len(spec)
    if scale == "linear":
        return group(spec, bins)
    power = group(spec**2, bins)
    return power if scale == "power" else 10 * np.log10(np.maximum(power, 1e-10))


def columns(x, f):
    return np.stack([f(x[:, c]) for c in range(x.shape[1])], axis=-1)


def statistics(x):
    mean = x.mean()
    above = x >= mean
    return np.array([mean, x.std(), np.sqrt((x**2).mean()), x.min(), x.max(), stats.skew(x), stats.kurtosis(x),
                     (above[1:] != above[:-1]).mean()])


def bands(x, edges, rate, scale):
    n = len(x)
    w = signal.get_window("hann", n)
    points = next_power(n)
    power = np.abs(np.fft.rfft(x * w, points))**2 * 2 / ((w**2).sum() * points)
    f = np.arange(len(power)) * rate / points
    out = np.array([power[(f >= a) & (f < b)].sum() for a, b in zip(edges, edges[1:])])
    if scale == "relative":
        return out / out.sum()
    return 10 * np.log10(np.maximum(out, 1e-10)) if scale == "log" else out


def frames(x, length, hop):
    return np.stack([x[i:i + length] for i in range(0, len(x) - length + 1, hop)])


def log_mel(x, rate, length, hop, filters, low, high, htk=False):
    points = next_power(length)
    # librosa centres a short window within the points of the FFT; the shift changes no magnitude.
    left = (points - length) // 2
    padded = np.concatenate([np.zeros(left), x, np.zeros(points)])
    mel = librosa.feature.melspectrogram(y=padded, sr=rate, n_fft=points, hop_length=hop, win_length=length, window="hann",
                                         center=False, power=2.0, n_mels=filters, fmin=low, fmax=high, htk=htk)
    mel = mel[:, :1 + (len(x) - length) // hop]
    return librosa.power_to_db(mel, top_db=None).T


def mfcc(x, coefficients, **options):
    return librosa.feature.mfcc(S=log_mel(x, **options).T, n_mfcc=coefficients).T


def tf_log_mel(x, rate, length, hop, filters, low, high):
    """tf.signal: stft, abs, linear_to_mel_weight_matrix, log(x + 1e-6), by their definitions."""
    points = next_power(length)
    spec = np.abs(np.fft.rfft(frames(x, length, hop) * signal.get_window("hann", length), points))
    mel = lambda f: 1127.0 * np.log(1 + f / 700.0)
    bins = mel(np.arange(1, points // 2 + 1) * rate / points)[:, None]
    edges = np.linspace(mel(low), mel(high), filters + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0, np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre)))
    return np.log(spec[:, 1:] @ weights + 1e-6)


def tf_mfcc(x, coefficients, **options):
    mel = tf_log_mel(x, **options)
    return (fft.dct(mel, type=2, axis=-1) / np.sqrt(2 * mel.shape[-1]))[:, :coefficients]


def butterworth(x, kind, order, edges, rate):
    sos = signal.butter(order, edges, kind, fs=rate, output="sos")
    return columns(x, lambda y: signal.sosfilt(sos, y, zi=signal.sosfilt_zi(sos) * y[0])[0])


def decimate(x, factor):
    taps = signal.firwin(20 * factor + 1, 1.0 / factor)
    half = 10 * factor
    padded = np.pad(x, ((half, half), (0, 0)), mode="edge")
    return columns(padded, lambda y: np.convolve(y, taps, "valid")[::factor])


def resample(x, length):
    at = np.arange(length) * (len(x) - 1) / (length - 1)
    return columns(x, lambda y: np.interp(at, np.arange(len(x)), y))


def bilinear(image, rows, cols):
    def place(count, size):
        at = np.clip((np.arange(count) + 0.5) * size / count - 0.5, 0, size - 1)
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, size - 1), at - low
    (y0, y1, v), (x0, x1, u) = place(rows, image.shape[0]), place(cols, image.shape[1])
    v, u = v[:, None, None], u[None, :, None]
    top = image[y0][:, x0] * (1 - u) + image[y0][:, x1] * u
    bottom = image[y1][:, x0] * (1 - u) + image[y1][:, x1] * u
    return top * (1 - v) + bottom * v


def area(image, rows, cols):
    def weights(count, size):
        edge = np.arange(count + 1) * size / count
        lower, upper = edge[:-1, None], edge[1:, None]
        pixel = np.arange(size)[None]
        return np.clip(np.minimum(upper, pixel + 1) - np.maximum(lower, pixel), 0, None) * count / size
    return np.einsum("ry,cx,yxk->rck", weights(rows, image.shape[0]), weights(cols, image.shape[1]), image)


def lag(x, by):
    return np.concatenate([x[np.maximum(np.arange(len(x)) - k, 0)] for k in by], axis=1)


def main():
    cases = []

    def case(name, steps, x, output, rate=None, tolerance=2e-6, dims=None, seed=1, quiet=0):
        values = np.asarray(output, dtype=np.float64).ravel()
        cases.append({
            "name": name, "steps": steps, "dims": list(dims or x.shape), "rate": rate, "seed": seed, "quiet": quiet,
            "count": int(x.shape[0]), "channels": int(x.shape[1]), "tolerance": tolerance,
            "output": [float(f"{v:.9g}") if tolerance else float(v) for v in values],
        })

    x = samples(50, 3, 1)
    y = x.astype(np.float64)
    case("statistics", "statistics()", x, columns(y, statistics).T, tolerance=2e-5)
    case("statistics_some", "statistics(give = [peak_to_peak, energy, median])", x,
         columns(y, lambda c: np.array([np.ptp(c), (c**2).mean(), np.median(c)])).T)
    case("spectrum", "spectrum()", x, columns(y, spectrum))
    case("spectrum_log", "spectrum(bins = 16, scale = log)", x, columns(y, lambda c: spectrum(c, 16, "log")), tolerance=1e-5)
    case("spectrum_power", "spectrum(scale = power, window = none, fft = 256)", x,
         columns(y, lambda c: spectrum(c, None, "power", "none", 256)))
    for points in [8, 16, 32, 128, 512, 1024, 2048]:
        z = samples(points - 3, 1, 5)
        case(f"spectrum_{points}", f"spectrum(window = hamming, bins = {points // 4})", z,
             spectrum(z[:, 0].astype(np.float64), points // 4, "linear", "hamming"), seed=5)
    edges = [0.5, 3, 8, 20]
    words = "[0.5 Hz, 3 Hz, 8 Hz, 20 Hz]"
    for scale, tolerance in [("power", 2e-6), ("log", 1e-5), ("relative", 2e-6)]:
        case(f"bands_{scale}", f"bands({words}, scale = {scale})", x, columns(y, lambda c: bands(c, edges, 50.0, scale)),
             "50 Hz", tolerance)
    def dominant(c):
        w = signal.get_window("hann", len(c))
        spec = np.abs(np.fft.rfft(c * w, 64)) * 2 / w.sum()
        best = 1 + np.argmax(spec[1:])
        return np.array([best * 50.0 / 64, spec[best]])
    case("dominant", "dominant()", x, columns(y, dominant), "50 Hz")
    case("detrend", "detrend()", x, y - y.mean(axis=0))
    case("detrend_line", "detrend(by = line)", x, signal.detrend(y, axis=0))
    for kind, text, at in [("lowpass", "high = 6 Hz", 6), ("highpass", "low = 2 Hz", 2),
                           ("bandpass", "low = 2 Hz, high = 9 Hz", [2, 9]), ("bandstop", "low = 4 Hz, high = 9 Hz", [4, 9])]:
        for order in [1, 2, 3, 4, 5]:
            case(f"filter_{kind}_{order}", f"filter({kind}, {text}, order = {order})", x, butterworth(y, kind, order, at, 50.0),
                 "50 Hz", 1e-5)
    case("decimate", "decimate(3)", x, decimate(y, 3), tolerance=2e-6)
    case("resample_up", "resample(83)", x, resample(y, 83))
    case("resample_down", "resample(17)", x, resample(y, 17))
    case("keep", "keep([2, 0])", x, y[:, [2, 0]], tolerance=0)
    case("magnitude", "magnitude()", x, np.sqrt((y**2).sum(axis=1)))
    case("delta", "delta()", x, np.concatenate([np.zeros((1, 3)), y[1:] - y[:-1]]))
    case("delta_5", "delta(by = 100 ms)", x, np.concatenate([np.zeros((5, 3)), y[5:] - y[:-5]]), "50 Hz")
    case("lag", "lag([0, 1, 4])", x, lag(y, [0, 1, 4]), tolerance=0)
    case("histogram", "histogram(8, low = -0.25, high = 0.25)", x,
         columns(y, lambda c: np.histogram(np.clip(c, -0.25, 0.2499), bins=8, range=(-0.25, 0.25))[0] / 50))
    case("flatten", "flatten()", x, y, tolerance=0)
    case("join_flat", "join(statistics(give = [mean, max]), [detrend(), spectrum(bins = 4), flatten()])", x,
         np.concatenate([columns(y, lambda c: np.array([c.mean(), c.max()])).T.ravel(),
                         columns(y - y.mean(axis=0), lambda c: spectrum(c, 4)).ravel()]))
    case("join_channels", "join(magnitude(), keep([1]), delta())", x, np.concatenate(
        [np.sqrt((y**2).sum(axis=1))[:, None], y[:, 1:2], np.concatenate([np.zeros((1, 3)), y[1:] - y[:-1]])], axis=1))

    image = samples(20 * 12, 3, 9)
    pixels = image.astype(np.float64).reshape(20, 12, 3)
    shape = (20, 12, 3)
    for size in [(7, 5), (30, 31), (10, 6)]:
        text = f"resize([{size[0]}, {size[1]}]"
        case(f"resize_area_{size[0]}", f"{text})", image, area(pixels, *size), dims=shape, seed=9)
        case(f"resize_bilinear_{size[0]}", f"{text}, method = bilinear)", image, bilinear(pixels, *size), dims=shape, seed=9)
        near = pixels[((np.arange(size[0]) + 0.5) * 20 / size[0]).astype(int)][:, ((np.arange(size[1]) + 0.5) * 12 / size[1]).astype(int)]
        case(f"resize_nearest_{size[0]}", f"{text}, method = nearest)", image, near, dims=shape, seed=9, tolerance=0)
    case("crop", "crop([8, 6])", image, pixels[6:14, 3:9], dims=shape, seed=9, tolerance=0)
    case("crop_at", "crop([8, 6], at = [1, 2])", image, pixels[1:9, 2:8], dims=shape, seed=9, tolerance=0)
    case("grey", "grey()", image, pixels @ [0.299, 0.587, 0.114], dims=shape, seed=9)

    sound = samples(4000, 1, 3, 700)
    s = sound[:, 0].astype(np.float64)
    known = dict(rate="16 kHz", seed=3, quiet=700)
    window = dict(rate=16000, length=480, hop=320)
    cut = frames(s, 480, 320)
    case("spectrogram", "spectrogram(frame = 30 ms, hop = 20 ms, bins = 32)", sound,
         np.stack([spectrum(f, 32, "log") for f in cut]), tolerance=2e-5, **known)
    case("spectrogram_linear", "spectrogram(frame = 250, hop = 100, bins = 16, scale = linear)", sound,
         np.stack([spectrum(f, 16) for f in frames(s, 250, 100)]), **known)
    case("log_mel", "log_mel(frame = 30 ms, hop = 20 ms, filters = 40)", sound,
         log_mel(s, filters=40, low=0, high=8000, **window), tolerance=2e-5, **known)
    case("log_mel_htk", "log_mel(frame = 25 ms, hop = 10 ms, filters = 32, low = 20 Hz, high = 4 kHz, mel = htk)", sound,
         log_mel(s, 16000, 400, 160, 32, 20, 4000, True), tolerance=2e-5, **known)
    case("mfcc", "mfcc(frame = 30 ms, hop = 20 ms, coefficients = 13, filters = 40)", sound,
         mfcc(s, 13, filters=40, low=0, high=8000, **window), tolerance=1e-4, **known)
    tf = dict(filters=40, low=20, high=4000, **window)
    case("log_mel_tensorflow", "log_mel(frame = 30 ms, hop = 20 ms, filters = 40, low = 20 Hz, high = 4 kHz, like = tensorflow)",
         sound, tf_log_mel(s, **tf), tolerance=2e-5, **known)
    case("mfcc_tensorflow", "mfcc(frame = 30 ms, hop = 20 ms, coefficients = 10, filters = 40, low = 20 Hz, high = 4 kHz, "
         "like = tensorflow)", sound, tf_mfcc(s, 10, **tf), tolerance=2e-5, **known)

    # Integers of 16 bits: decibels, so an absolute distance, where nothing is far below the strongest frequency.
    for name, text, output, tolerance in [
        ("spectrum", "spectrum(bins = 16, scale = linear", columns(y, lambda c: spectrum(c, 16)), 5e-5),
        ("spectrum_log", "spectrum(scale = log", columns(y, lambda c: spectrum(c, None, "log")), 2e-2),
        ("spectrum_power", "spectrum(scale = power, window = none", columns(y, lambda c: spectrum(c, None, "power", "none")), 2e-5),
    ]:
        case(f"{name}_fixed", f"{text}, arithmetic = fixed)", x, output, tolerance=tolerance)
    case("spectrogram_fixed", "spectrogram(frame = 30 ms, hop = 20 ms, bins = 32, arithmetic = fixed)", sound,
         np.stack([spectrum(f, 32, "log") for f in cut]), tolerance=2e-2, **known)
    case("log_mel_fixed", "log_mel(frame = 30 ms, hop = 20 ms, filters = 40, arithmetic = fixed)", sound,
         log_mel(s, filters=40, low=0, high=8000, **window), tolerance=2e-2, **known)
    case("mfcc_fixed", "mfcc(frame = 30 ms, hop = 20 ms, coefficients = 13, filters = 40, arithmetic = fixed)", sound,
         mfcc(s, 13, filters=40, low=0, high=8000, **window), tolerance=2e-2, **known)
    case("mfcc_tensorflow_fixed", "mfcc(frame = 30 ms, hop = 20 ms, coefficients = 10, filters = 40, low = 20 Hz, high = 4 kHz, "
         "like = tensorflow, arithmetic = fixed)", sound, tf_mfcc(s, 10, **tf), tolerance=2e-2, **known)

    made = {"numpy": np.__version__, "scipy": scipy.__version__, "librosa": librosa.__version__}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "features.json")
    with open(path, "w", encoding="utf-8") as file:
        lines = ",\n".join(json.dumps(c) for c in cases)
        file.write('{"made_with": ' + json.dumps(made) + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()

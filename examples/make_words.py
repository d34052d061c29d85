"""Makes examples/words/data: three words by espeak-ng (apt: espeak-ng 1.51), 8 kHz, 16 bit, many voices, speeds and pitches.

    python3 examples/make_words.py

The same version of espeak-ng gives the same bytes: whatever is varied comes from a seeded generator.
"""
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import wave

import numpy

WORDS = ["lamp", "music", "heater"]
# A speaker is a voice variant with a pitch of its own; the accents are those that every espeak-ng has.
VARIANTS = [
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5",
    "klatt", "klatt2", "klatt3", "croak", "Andy", "Annie", "Alex", "Gene", "Jacky", "Lee", "Tweaky",
]
ACCENTS = ["en-gb", "en-us", "en-gb-scotland", "en-gb-x-rp"]
TAKES = 2
RATE, LENGTH = 8000, 5600
FOLDER = pathlib.Path(__file__).parent / "words" / "data"


def spoken(word, voice, speed, pitch):
    """Samples of a word at the synthesiser's rate, silence cut off, -1 to 1."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", file.name, word]
        subprocess.run(command, check=True)
        with wave.open(file.name) as sound:
            rate = sound.getframerate()
            samples = numpy.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2") / 32768
    loud = numpy.flatnonzero(abs(samples) > 0.01)
    return samples[loud[0] : loud[-1] + 1], rate


def resampled(samples, rate):
    """Band-limited by a Hann-windowed sinc, then read off at RATE."""
    taps = numpy.arange(-64, 65)
    cut = 0.9 * RATE / rate
    kernel = cut * numpy.sinc(cut * taps) * numpy.hanning(len(taps))
    smooth = numpy.convolve(samples, kernel, mode="same")
    return numpy.interp(numpy.arange(0, len(smooth), rate / RATE), numpy.arange(len(smooth)), smooth)


def main():
    rng = random.Random(2026)
    noise = numpy.random.default_rng(2026)
    for word in WORDS:
        shutil.rmtree(FOLDER / word, ignore_errors=True)
        (FOLDER / word).mkdir(parents=True)
        for number, variant in enumerate(VARIANTS):
            for take in range(TAKES):
                voice = f"{ACCENTS[(number + take) % len(ACCENTS)]}+{variant}"
                samples, rate = spoken(word, voice, rng.randint(130, 210), rng.randint(25, 75))
                samples = resampled(samples, rate)[:LENGTH]
                sound = noise.normal(0, 10 ** rng.uniform(-3.2, -2.2), LENGTH)
                start = rng.randint(0, LENGTH - len(samples)) if len(samples) < LENGTH else 0
                sound[start : start + len(samples)] += rng.uniform(0.3, 0.9) * samples / max(abs(samples))
                write(FOLDER / word / f"{variant}_{take}.wav", sound)


def write(path, sound):
    values = numpy.clip(numpy.round(sound * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{LENGTH}h", *values))


if __name__ == "__main__":
    main()

"""Makes examples/wrist/data: simulated takes of a wrist-worn accelerometer, 50 Hz, 4 s, in g.

    python3 examples/make_wrist.py

A wearer has an own tempo, reach, and way to wear the band; the sensor has noise and an offset. What it measures is
gravity turned into its frame plus the acceleration of the movement: no recording of anybody.
"""
import math
import pathlib

import numpy

RATE, SECONDS, WEARERS, TAKES = 50, 4, 8, 3
FOLDER = pathlib.Path(__file__).parent / "wrist" / "data"


def turned(roll, pitch):
    """Gravity in a frame turned by roll and pitch (rad): a specific force of 1 g upwards."""
    return numpy.stack([-numpy.sin(pitch), numpy.sin(roll) * numpy.cos(pitch), numpy.cos(roll) * numpy.cos(pitch)])


def movement(name, time, wearer, rng):
    """Roll, pitch and linear acceleration (g) along the take."""
    beat = 2 * math.pi * wearer["tempo"] * rng.normal(1, 0.06) * time + rng.uniform(0, 2 * math.pi)
    reach = wearer["reach"] * rng.normal(1, 0.1)
    still = numpy.zeros_like(time)
    if name == "rest":
        sway = 0.03 * numpy.sin(2 * math.pi * 0.3 * time + rng.uniform(0, 6))
        return sway, sway, numpy.stack([still, still, still])
    if name == "wave":
        return 0.5 * reach * numpy.sin(beat), 0.9 + still, numpy.stack([still, 0.7 * reach * numpy.sin(beat), still])
    if name == "circle":
        return still, 0.2 * numpy.sin(beat), 0.6 * reach * numpy.stack([numpy.cos(beat), numpy.sin(beat), still])
    # A push: forward and back in a quarter of the beat, then a pause.
    phase = numpy.mod(beat / (2 * math.pi) * 0.6, 1.0)
    stroke = numpy.where(phase < 0.3, numpy.sin(2 * math.pi * phase / 0.3), 0.0)
    return 0.1 * stroke, 0.15 * stroke, numpy.stack([1.6 * reach * stroke, still, 0.3 * reach * stroke])


def main():
    rng = numpy.random.default_rng(2026)
    time = numpy.arange(RATE * SECONDS) / RATE
    for number in range(WEARERS):
        wearer = {
            "tempo": rng.uniform(1.1, 1.9), "reach": rng.uniform(0.6, 1.3),
            "roll": rng.uniform(-0.5, 0.5), "pitch": rng.uniform(-0.4, 0.4), "offset": rng.normal(0, 0.02, 3),
        }
        for name in ["rest", "wave", "circle", "push"]:
            (FOLDER / name).mkdir(parents=True, exist_ok=True)
            for take in range(TAKES):
                roll, pitch, force = movement(name, time, wearer, rng)
                worn = turned(roll + wearer["roll"] + rng.normal(0, 0.1), pitch + wearer["pitch"] + rng.normal(0, 0.1))
                measured = worn + force + wearer["offset"][:, None] + rng.normal(0, 0.03, worn.shape)
                lines = ["ax,ay,az"] + [",".join(f"{value:.3f}" for value in sample) for sample in measured.T]
                path = FOLDER / name / f"w{number}-{take}.csv"
                path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

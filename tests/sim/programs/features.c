#include "support.h"
/* Features of a signal, in integers: pre-emphasis, frames, filter banks, logarithms of two, a cosine transform, deltas, zero crossings. */
enum { FRAME = 32, STEP = 16, FRAMES = 8, BANDS = 6 };
static int16_t signal[FRAME + STEP * FRAMES];
static int32_t bands[FRAMES][BANDS];
static const int8_t cosine[BANDS][BANDS] = {{52, 52, 52, 52, 52, 52}, {71, 52, 19, -19, -52, -71}, {64, 0, -64, -64, 0, 64}, {52, -52, -52, 52, 52, -52}, {37, -73, 37, 37, -73, 37}, {19, -52, 71, -71, 52, -19}};

/* Base-2 logarithm with 8 fraction bits. */
static int32_t logarithm(uint32_t x) {
    if (!x) return -256;
    int whole = 31 - __builtin_clz(x);
    uint32_t m = whole > 15 ? x >> (whole - 15) : x << (15 - whole);
    int32_t result = whole;
    for (int i = 0; i < 8; i++) {
        m = m * m >> 15;
        result = result << 1 | (m >= 0x10000);
        m >>= m >= 0x10000;
    }
    return result;
}
static void frame(int at) {
    int32_t held[FRAME];
    for (int i = 0; i < FRAME; i++) {
        int32_t sample = signal[at * STEP + i] - (i ? signal[at * STEP + i - 1] * 31 / 32 : 0);
        held[i] = sample * (i < FRAME / 2 ? i + 1 : FRAME - i) / (FRAME / 2);
    }
    for (int band = 0; band < BANDS; band++) {
        uint64_t energy = 0;
        for (int lag = 0; lag <= band; lag++) {
            int64_t sum = 0;
            for (int i = lag; i < FRAME; i++) sum += (int64_t)held[i] * held[i - lag];
            energy += (uint64_t)(sum < 0 ? -sum : sum) >> lag;
        }
        bands[at][band] = logarithm((uint32_t)(energy >> 6));
    }
}

int program(void) {
    int32_t phase = 0, crossings = 0, last = 0;
    for (int i = 0; i < FRAME + STEP * FRAMES; i++) {
        phase += 1500 + i * 20;
        int32_t triangle = (int16_t)phase < 0 ? -(int16_t)phase - 16384 : (int16_t)phase - 16384;
        signal[i] = (int16_t)(triangle + ((int32_t)random_word() >> 20));
        crossings += (signal[i] < 0) != (last < 0), last = signal[i];
    }
    for (int at = 0; at < FRAMES; at++) {
        frame(at);
        for (int k = 0; k < BANDS; k++) {
            int32_t sum = 0;
            for (int band = 0; band < BANDS; band++) sum += bands[at][band] * cosine[k][band];
            mix((uint32_t)(sum >> 7));
            if (at >= 2) mix((uint32_t)(bands[at][k] - bands[at - 2][k]));
        }
    }
    say_hex((uint32_t)crossings), say_hex((uint32_t)bands[3][2]);
    return 0;
}

#include "support.h"
/* FIR in Q15 with a circular line, biquads in Q31 with error feedback and in floats, a moving median, a decimator, a Goertzel. */
static int16_t line[16], samples[96];
static int32_t fir(int16_t sample, unsigned at) {
    static const int16_t taps[16] = {-120, 310, -640, 1022, -1450, 2210, 5800, 9001, 9001, 5800, 2210, -1450, 1022, -640, 310, -120};
    int64_t sum = 1 << 14;
    line[at & 15] = sample;
    for (unsigned k = 0; k < 16; k++) sum += (int32_t)taps[k] * line[(at - k) & 15];
    sum >>= 15;
    return (int32_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
}
struct biquad { int32_t b[3], a[2], x[2], y[2]; uint32_t rest; };
static int32_t run(struct biquad *f, int32_t x) {
    int64_t sum = (int64_t)f->b[0] * x + (int64_t)f->b[1] * f->x[0] + (int64_t)f->b[2] * f->x[1] - (int64_t)f->a[0] * f->y[0] - (int64_t)f->a[1] * f->y[1] + f->rest;
    int32_t y = (int32_t)(sum >> 29);
    f->rest = (uint32_t)sum & 0x1fffffff;
    f->x[1] = f->x[0], f->x[0] = x, f->y[1] = f->y[0], f->y[0] = y;
    return y;
}
static float state[2];
static float run_float(float x) {
    float y = 0.2929f * x + state[0];
    state[0] = 0.5858f * x + state[1] + 0.00001f * y, state[1] = 0.2929f * x - 0.1716f * y;
    return y;
}
static int16_t median(const int16_t *at) {
    int16_t sorted[5];
    for (int i = 0; i < 5; i++) {
        int j = i;
        for (; j > 0 && sorted[j - 1] > at[i]; j--) sorted[j] = sorted[j - 1];
        sorted[j] = at[i];
    }
    return sorted[2];
}
static uint32_t goertzel(int32_t coefficient) {
    int32_t s1 = 0, s2 = 0;
    for (int i = 0; i < 96; i++) {
        int32_t s = (samples[i] >> 6) + (int32_t)((int64_t)coefficient * s1 >> 14) - s2;
        s2 = s1, s1 = s;
    }
    return (uint32_t)(s1 * s1 + s2 * s2 - (int32_t)((int64_t)coefficient * s1 >> 14) * s2);
}

int program(void) {
    struct biquad low = {{15728640, 31457280, 15728640}, {-900000000, 400000000}, {0}, {0}, 0};
    int32_t integrator = 0, comb = 0;
    for (int i = 0; i < 96; i++) samples[i] = (int16_t)(((i * 37 % 50) - 25) * 500 + ((int32_t)random_word() >> 20));
    for (int i = 0; i < 96; i++) {
        mix((uint32_t)fir(samples[i], (unsigned)i)), mix((uint32_t)run(&low, samples[i] * 64)), mix_float(run_float((float)samples[i] * 0x1p-15f));
        if (i >= 4) mix((uint16_t)median(samples + i - 4));
        integrator += samples[i];
        if (i % 8 == 7) mix((uint32_t)((integrator - comb) >> 3)), comb = integrator;
    }
    for (int k = -3; k < 4; k++) say_hex(goertzel(k * 9000));
    return 0;
}

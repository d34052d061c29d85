#include "support.h"
/* A float FFT with twiddles by recurrence, its inverse, a convolution by products, and what came back. */
enum { N = 32 };
struct complex { float re, im; };
static struct complex signal[N], kernel[N];
static struct complex times(struct complex a, struct complex b) { return (struct complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
static const struct complex roots[6] = {{-1, 0}, {0, -1}, {0.70710678f, -0.70710678f}, {0.92387953f, -0.38268343f}, {0.98078528f, -0.19509032f}, {0.99518473f, -0.09801714f}};

static void transform(struct complex *x, int inverse) {
    for (unsigned i = 0; i < N; i++) {
        unsigned j = (i & 1) << 4 | (i & 2) << 2 | (i & 4) | (i & 8) >> 2 | (i & 16) >> 4;
        if (i < j) { struct complex held = x[i]; x[i] = x[j]; x[j] = held; }
    }
    for (int stage = 0, half = 1; half < N; half *= 2, stage++) {
        struct complex step = roots[stage];
        if (inverse) step.im = -step.im;
        for (int i = 0; i < N; i += 2 * half) {
            struct complex twiddle = {1, 0};
            for (int j = i; j < i + half; j++) {
                struct complex a = x[j], b = times(x[j + half], twiddle);
                x[j] = (struct complex){a.re + b.re, a.im + b.im};
                x[j + half] = (struct complex){a.re - b.re, a.im - b.im};
                twiddle = times(twiddle, step);
            }
        }
    }
    if (inverse) for (int i = 0; i < N; i++) x[i].re *= 1.0f / N, x[i].im *= 1.0f / N;
}

int program(void) {
    float held[N], direct[N];
    for (int i = 0; i < N; i++) {
        held[i] = signal[i].re = (float)(int32_t)random_word() * 0x1p-31f;
        kernel[i].re = i < 4 ? 0.25f * (float)(i + 1) : 0;
    }
    for (int i = 0; i < N; i++) {
        direct[i] = 0;
        for (int k = 0; k < 4; k++) direct[i] += held[(i - k) & (N - 1)] * kernel[k].re;
    }
    transform(signal, 0), transform(kernel, 0);
    for (int i = 0; i < N; i++) mix_float(signal[i].re), mix_float(signal[i].im);
    for (int i = 0; i < N; i++) signal[i] = times(signal[i], kernel[i]);
    transform(signal, 1);
    int wrong = 0;
    for (int i = 0; i < N; i++) {
        float error = signal[i].re - direct[i];
        wrong += error > 1e-4f || error < -1e-4f;
        mix_float(signal[i].re), mix_float(direct[i]);
    }
    say_hex((uint32_t)(int32_t)(direct[5] * 1e6f));
    return wrong;
}

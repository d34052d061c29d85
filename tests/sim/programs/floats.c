#include "support.h"
/* Single precision as features and layers use it. */
static float signal[64], taps[9], matrix[6][6], product[6][6];
static float polynomial(float x) { return 1.0f + x * (1.0f + x * (0.5f + x * (0.16666667f + x * 0.041666668f))); }
static float root(float x) {
    float guess = x > 1 ? x : 1;
    for (int i = 0; i < 12; i++) guess = 0.5f * (guess + x / guess);
    return guess;
}

int program(void) {
    for (int i = 0; i < 64; i++) signal[i] = (float)(int32_t)random_word() * 4.6566129e-10f;
    for (int i = 0; i < 9; i++) taps[i] = (float)(i - 4) / 9.0f;
    for (int i = 0; i < 36; i++) matrix[i / 6][i % 6] = signal[i] * 3.0f;
    for (int at = 0; at + 9 <= 64; at++) {
        float sum = 0;
        for (int i = 0; i < 9; i++) sum += signal[at + i] * taps[i];
        mix_float(sum), mix((uint32_t)(int32_t)(sum * 1000.0f)), mix_float(polynomial(sum)), mix((uint32_t)(uint8_t)(sum * sum * 100.0f));
        mix(sum > 0.25f ? 1 : sum < -0.25f ? 2 : 3);
        mix_float(root(sum * sum)), mix_float(sum < 0 ? -sum : sum), mix_float(__builtin_fabsf(sum) / (1.0f + __builtin_fabsf(sum)));
    }
    for (int i = 0; i < 6; i++) for (int j = 0; j < 6; j++) {
        float sum = 0;
        for (int k = 0; k < 6; k++) sum += matrix[i][k] * matrix[k][j];
        product[i][j] = sum;
        mix_float(sum);
    }
    float mean = 0, square = 0, low = signal[0], high = signal[0];
    for (int i = 0; i < 64; i++) {
        mean += signal[i], square += signal[i] * signal[i];
        low = signal[i] < low ? signal[i] : low, high = signal[i] > high ? signal[i] : high;
    }
    mix_float(mean / 64), mix_float(square / 64 - mean * mean / 4096), mix_float(low), mix_float(high), mix_double((double)mean * 2);
    return 0;
}

#include "support.h"
/* A radix-2 FFT in Q15 with scaled stages, a window, magnitudes by an integer square root, and energies in bands. */
enum { N = 64 };
static int16_t real[N], imaginary[N];
static const int16_t quarter[17] = {0, 3212, 6393, 9512, 12539, 15446, 18204, 20787, 23170, 25329, 27245, 28898, 30273, 31356, 32137, 32609, 32767};
static int16_t sine(int at) {
    at &= N - 1;
    return (int16_t)(at <= 16 ? quarter[at] : at <= 32 ? quarter[32 - at] : at <= 48 ? -quarter[at - 32] : -quarter[64 - at]);
}
static uint16_t root(uint32_t x) {
    uint32_t result = 0;
    for (uint32_t bit = 1u << 30; bit; bit >>= 2) {
        if (x >= result + bit) x -= result + bit, result = (result >> 1) + bit;
        else result >>= 1;
    }
    return (uint16_t)result;
}
static void transform(void) {
    for (unsigned i = 0, j = 0; i < N; i++) {
        if (i < j) {
            int16_t a = real[i], b = imaginary[i];
            real[i] = real[j], imaginary[i] = imaginary[j], real[j] = a, imaginary[j] = b;
        }
        unsigned bit = N >> 1;
        while (j & bit) j ^= bit, bit >>= 1;
        j |= bit;
    }
    for (int half = 1; half < N; half *= 2)
        for (int group = 0; group < half; group++) {
            int32_t c = sine(N / 4 + group * (N / 2 / half)), s = -sine(group * (N / 2 / half));
            for (int i = group; i < N; i += 2 * half) {
                int j = i + half;
                int32_t a = (real[j] * c - imaginary[j] * s + (1 << 14)) >> 15, b = (real[j] * s + imaginary[j] * c + (1 << 14)) >> 15;
                int32_t x = real[i], y = imaginary[i];
                real[j] = (int16_t)((x - a) >> 1), imaginary[j] = (int16_t)((y - b) >> 1);
                real[i] = (int16_t)((x + a) >> 1), imaginary[i] = (int16_t)((y + b) >> 1);
            }
        }
}

int program(void) {
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < N; i++) {
            int32_t sample = (sine(i * round * 3) >> 1) + (sine(i * 7 + round) >> 3) + ((int32_t)random_word() >> 21);
            int32_t window = 16384 - (sine(i + 16) >> 1);
            real[i] = (int16_t)(sample * window >> 15), imaginary[i] = 0;
        }
        transform();
        uint32_t band = 0, best = 0, at = 0;
        for (unsigned i = 0; i < N / 2; i++) {
            uint32_t power = (uint32_t)(real[i] * real[i]) + (uint32_t)(imaginary[i] * imaginary[i]);
            mix(root(power)), band += power;
            if (power > best) best = power, at = i;
            if ((i & (i + 1)) == 0) mix(band ? 31u - (uint32_t)__builtin_clz(band) : 0), band = 0;
        }
        say_hex(at << 16 | root(best));
    }
    return 0;
}

#include "support.h"
/* An int8 convolution with padding, stride 2, zero points and a scale per channel. */
enum { SIDE = 7, IN = 3, OUT = 5, HALF = 4 };
static int8_t input[SIDE * SIDE * IN], weights[OUT * 9 * IN], output[HALF * HALF * OUT];
static int32_t bias[OUT], multiplier[OUT];
static int8_t shift[OUT];

static int32_t high_multiply(int32_t a, int32_t b) {
    int64_t product = (int64_t)a * b;
    int32_t nudge = product >= 0 ? 1 << 30 : 1 - (1 << 30);
    return (int32_t)((product + nudge) / (1ll << 31));
}
static int32_t divide_by_power(int32_t value, int exponent) {
    int32_t mask = (int32_t)((1u << exponent) - 1), rest = value & mask;
    return (value >> exponent) + (rest > (mask >> 1) + (value < 0));
}
static int8_t clamp(int32_t value) { return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value); }

static void convolve(int8_t zero) {
    for (int y = 0; y < HALF; y++) for (int x = 0; x < HALF; x++) for (int o = 0; o < OUT; o++) {
        int32_t sum = bias[o];
        for (int j = 0; j < 3; j++) for (int i = 0; i < 3; i++) {
            int row = 2 * y + j - 1, column = 2 * x + i - 1;
            if (row < 0 || row >= SIDE || column < 0 || column >= SIDE) continue;
            for (int c = 0; c < IN; c++) sum += (input[(row * SIDE + column) * IN + c] - zero) * weights[((o * 3 + j) * 3 + i) * IN + c];
        }
        output[(y * HALF + x) * OUT + o] = clamp(divide_by_power(high_multiply(sum, multiplier[o]), shift[o]) + 11);
    }
}

int program(void) {
    for (unsigned i = 0; i < sizeof input; i++) input[i] = (int8_t)(random_word() >> 7);
    for (unsigned i = 0; i < sizeof weights; i++) weights[i] = (int8_t)(random_word() >> 11);
    for (int o = 0; o < OUT; o++) {
        bias[o] = (int32_t)random_word() >> 18;
        multiplier[o] = (int32_t)(random_word() >> 2 | 0x40000000);
        shift[o] = (int8_t)(7 + o % 3);
    }
    for (int zero = -128; zero < 128; zero += 85) {
        convolve((int8_t)zero);
        for (unsigned i = 0; i < sizeof output; i++) mix((uint8_t)output[i]);
        say_hex((uint32_t)output[zero & 31]);
    }
    return 0;
}

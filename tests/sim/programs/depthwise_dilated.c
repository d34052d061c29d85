#include "support.h"
/* A dilated depthwise convolution over time with channel multiplier, then a pointwise one: a keyword spotter's block. */
enum { TIME = 24, IN = 4, TIMES = 2, MIDDLE = IN * TIMES, OUT = 6, TAPS = 5 };
static int8_t input[TIME][IN], taps[TAPS][MIDDLE], middle[TIME][MIDDLE], points[OUT][MIDDLE], output[TIME][OUT];
static const uint8_t scale[MIDDLE] = {9, 23, 77, 130, 201, 255, 64, 3};

static int32_t saturate(int32_t value, int bits) {
    int32_t high = (1 << (bits - 1)) - 1, low = -high - 1;
    return value > high ? high : value < low ? low : value;
}
static void depthwise(int dilation) {
    for (int t = 0; t < TIME; t++) for (int c = 0; c < MIDDLE; c++) {
        int32_t sum = 64;
        for (int k = 0; k < TAPS; k++) {
            int at = t - (TAPS - 1 - k) * dilation;
            if (at >= 0) sum += input[at][c / TIMES] * taps[k][c];
        }
        middle[t][c] = (int8_t)saturate(sum * scale[c] >> 14, 8);
    }
}
static void pointwise(void) {
    for (int t = 0; t < TIME; t++) for (int o = 0; o < OUT; o++) {
        int32_t sum = (o - 3) << 7;
        for (int c = 0; c < MIDDLE; c++) sum += middle[t][c] * points[o][c];
        sum >>= 6;
        output[t][o] = (int8_t)(sum < 0 ? 0 : saturate(sum, 8));
    }
}

int program(void) {
    int8_t *all[] = {&input[0][0], &taps[0][0], &points[0][0]};
    unsigned sizes[] = {sizeof input, sizeof taps, sizeof points};
    for (int array = 0; array < 3; array++)
        for (unsigned i = 0; i < sizes[array]; i++) all[array][i] = (int8_t)(random_word() >> 13);
    for (int dilation = 1; dilation <= 4; dilation *= 2) {
        depthwise(dilation);
        pointwise();
        uint32_t sum = 0;
        for (int t = 0; t < TIME; t++) for (int o = 0; o < OUT; o++) sum = sum * 31 + (uint8_t)output[t][o];
        say_hex(sum);
        mix(sum);
        for (int t = 0; t < TIME; t++) for (int c = 0; c < IN; c++) input[t][c] = (int8_t)(output[t][c] - 64);
    }
    return 0;
}

#include "support.h"
/* Int8 convolution, depthwise convolution, dense and pooling with requantisation. */
static int8_t input[8 * 8 * 4], weights[3 * 3 * 4 * 6], depth[3 * 3 * 6], middle[6 * 6 * 6], pooled[4 * 4 * 6], dense[10 * 96], output[10];
static int32_t bias[10];
static int8_t requantise(int32_t sum, int32_t multiplier, int shift) {
    int64_t wide = (int64_t)sum * multiplier + ((int64_t)1 << (30 + shift));
    int32_t value = (int32_t)(wide >> (31 + shift)) - 3;
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}
static void conv(void) {
    for (int y = 0; y < 6; y++) for (int x = 0; x < 6; x++) for (int o = 0; o < 6; o++) {
        int32_t sum = bias[o];
        for (int j = 0; j < 3; j++) for (int i = 0; i < 3; i++) for (int c = 0; c < 4; c++)
            sum += (input[((y + j) * 8 + x + i) * 4 + c] + 5) * weights[((o * 3 + j) * 3 + i) * 4 + c];
        middle[(y * 6 + x) * 6 + o] = requantise(sum, 0x5a827999, 7);
    }
}
static void depthwise(void) {
    for (int y = 0; y < 4; y++) for (int x = 0; x < 4; x++) for (int c = 0; c < 6; c++) {
        int32_t sum = bias[c];
        for (int j = 0; j < 3; j++) for (int i = 0; i < 3; i++) sum += middle[((y + j) * 6 + x + i) * 6 + c] * depth[(j * 3 + i) * 6 + c];
        pooled[(y * 4 + x) * 6 + c] = requantise(sum, 0x40000000, 6);
    }
}
static void fully(void) {
    for (int o = 0; o < 10; o++) {
        int32_t sum = bias[o];
        for (int i = 0; i < 96; i++) sum += pooled[i] * dense[o * 96 + i];
        output[o] = requantise(sum, 0x7fffffff, 9);
    }
}

int program(void) {
    for (unsigned i = 0; i < sizeof input; i++) input[i] = (int8_t)random_word();
    for (unsigned i = 0; i < sizeof weights; i++) weights[i] = (int8_t)random_word();
    for (unsigned i = 0; i < sizeof depth; i++) depth[i] = (int8_t)random_word();
    for (unsigned i = 0; i < sizeof dense; i++) dense[i] = (int8_t)random_word();
    for (int i = 0; i < 10; i++) bias[i] = (int32_t)random_word() >> 20;
    conv(), depthwise(), fully();
    for (unsigned i = 0; i < sizeof middle; i++) mix((uint8_t)middle[i]);
    for (int i = 0; i < 10; i++) mix((uint8_t)output[i]);
    return 0;
}

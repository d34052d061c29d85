#include "support.h"
/* Conversions between all number types, with values at the edges of what they hold. */
static volatile float floats[] = {0, -0.0f, 0.5f, -0.5f, 1.5f, -1.5f, 127.99f, -128.5f, 255.0f, 32767.5f, 65535.9f, 8388607.5f, 16777217.0f, 2147483520.0f, -2147483648.0f, 4294967040.0f, 1e18f, -9e18f};
static volatile double doubles[] = {0.0, -0.0, 0.999999999, -0.999999999, 2147483646.9, -2147483648.9, 4294967295.5, 9007199254740993.0, 9.2e18, -9.2e18, 1.8e19, 1e-310, 3.4028235677973366e38, 1e-46, 1.1754943e-38, 1e308};
static volatile int64_t integers[] = {0, 1, -1, 16777217, -16777219, 33554435, 9007199254740993, -9007199254740995, INT64_MAX, INT64_MIN, 0x7fffffbfffffffff, 0x0000008000000001};
static void mix64(uint64_t value) { mix((uint32_t)value), mix((uint32_t)(value >> 32)); }

int program(void) {
    for (int i = 0; i < 18; i++) {
        float x = floats[i];
        if (x > -2147483904.0f && x < 2147483648.0f) mix((uint32_t)(int32_t)x);
        if (x >= 0 && x < 4294967296.0f) mix((uint32_t)x);
        if (x > -129.0f && x < 128.0f) mix((uint32_t)(int8_t)x);
        if (x > -32769.0f && x < 32768.0f) mix((uint32_t)(int16_t)x);
        mix64((uint64_t)(int64_t)x), mix_double((double)x), mix_float(x * 0x1p-3f);
        if (x >= 0) mix64((uint64_t)x);
    }
    for (int i = 0; i < 16; i++) {
        double x = doubles[i];
        if (x > -2147483649.0 && x < 2147483648.0) mix((uint32_t)(int32_t)x);
        if (x >= 0 && x < 4294967296.0) mix((uint32_t)x);
        if (x > -9.3e18 && x < 9.22e18) mix64((uint64_t)(int64_t)x);
        if (x >= 0 && x < 1.84e19) mix64((uint64_t)x);
        mix_float((float)x);
    }
    for (int i = 0; i < 12 + 40; i++) {
        int64_t x = i < 12 ? integers[i] : (int64_t)((uint64_t)random_word() << 32 | random_word()) >> i;
        mix_float((float)x), mix_double((double)x), mix_float((float)(uint64_t)x), mix_double((double)(uint64_t)x);
        mix_float((float)(int32_t)x), mix_float((float)(uint32_t)x), mix_double((double)(int32_t)x), mix_double((double)(uint32_t)x);
        mix_float((float)(int8_t)x), mix_float((float)(uint16_t)x), mix_double((double)(int16_t)x);
        if (i == 5) say_hex((uint32_t)(int32_t)(float)(int32_t)x);
    }
    return 0;
}

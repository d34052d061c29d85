#include "support.h"
/* Every way to bring a 32-bit sum back to 8 or 16 bits: single and double rounding, shifts to both sides, saturation. */
static int32_t saturating_left(int32_t value, int shift) {
    int64_t wide = (int64_t)value * ((int64_t)1 << shift);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}
static int32_t doubling_high(int32_t a, int32_t b) {
    int overflow = a == b && a == INT32_MIN;
    int64_t product = (int64_t)a * b;
    int32_t nudge = product >= 0 ? 1 << 30 : 1 - (1 << 30);
    return overflow ? INT32_MAX : (int32_t)((product + nudge) / (1ll << 31));
}
static int32_t rounding_right(int32_t value, int exponent) {
    int32_t mask = (int32_t)((1ll << exponent) - 1), rest = value & mask, threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> exponent) + (rest > threshold ? 1 : 0);
}
static int32_t twice(int32_t value, int32_t multiplier, int shift) {
    int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    return rounding_right(doubling_high(saturating_left(value, left), multiplier), right);
}
static int32_t once(int32_t value, int32_t multiplier, int shift) {
    int total = 31 - shift;
    int64_t result = (int64_t)value * multiplier + ((int64_t)1 << (total - 1));
    result >>= total;
    return result > INT32_MAX ? INT32_MAX : result < INT32_MIN ? INT32_MIN : (int32_t)result;
}
static int32_t by_halves(int64_t value, int16_t multiplier, int shift) {
    int64_t rounded = value * multiplier + ((int64_t)1 << (14 - shift));
    return (int32_t)(rounded >> (15 - shift));
}

int program(void) {
    static const int32_t corners[] = {0, 1, -1, INT32_MAX, INT32_MIN, 0x40000000, -0x40000000, 0x7fff, -0x8000, 255};
    for (int shift = -15; shift <= 8; shift++)
        for (int i = 0; i < 24; i++) {
            int32_t value = i < 10 ? corners[i] : (int32_t)random_word() >> (i & 15), multiplier = (int32_t)(random_word() >> 2 | 0x40000000);
            int32_t a = twice(value, multiplier, shift), b = once(value, multiplier, shift), c = by_halves(value, (int16_t)(multiplier >> 16), shift);
            mix((uint32_t)a), mix((uint32_t)b), mix((uint32_t)c);
            mix((uint8_t)(a < -128 ? -128 : a > 127 ? 127 : a)), mix((uint16_t)(b < -32768 ? -32768 : b > 32767 ? 32767 : b));
            if (i == 9) say_hex((uint32_t)a - (uint32_t)b);
        }
    return 0;
}

#include "support.h"
/* Saturating arithmetic in plain C, by builtins, and by instructions where there are some. */
#if defined(__ARM_FEATURE_SAT) || defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif
static int32_t add(int32_t a, int32_t b) {
    int32_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT32_MIN : INT32_MAX) : sum;
}
static int32_t subtract(int32_t a, int32_t b) {
    int32_t difference;
    return __builtin_sub_overflow(a, b, &difference) ? (a < 0 ? INT32_MIN : INT32_MAX) : difference;
}
static uint32_t unsigned_add(uint32_t a, uint32_t b) { return a + b < a ? UINT32_MAX : a + b; }
static int32_t multiply(int32_t a, int32_t b) {
    int32_t product;
    return __builtin_mul_overflow(a, b, &product) ? ((a < 0) != (b < 0) ? INT32_MIN : INT32_MAX) : product;
}
static int64_t wide_add(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : INT64_MAX) : sum;
}
static int32_t clip(int32_t x, int bits) {
    int32_t high = (int32_t)((1u << (bits - 1)) - 1);
    return x > high ? high : x < ~high ? ~high : x;
}

int program(void) {
    static const int32_t corners[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT32_MAX - 1, INT32_MIN + 1, 0x7fff, -0x8000, 0x10000};
    int wrong = 0;
    for (int i = 0; i < 120; i++) {
        int32_t a = i < 100 ? corners[i / 10] : (int32_t)random_word(), b = i < 100 ? corners[i % 10] : (int32_t)random_word() >> (i & 15);
        mix((uint32_t)add(a, b)), mix((uint32_t)subtract(a, b)), mix(unsigned_add((uint32_t)a, (uint32_t)b)), mix((uint32_t)multiply(a, b));
        int64_t wide = wide_add((int64_t)a << 32 | (uint32_t)b, (int64_t)b << 32);
        mix((uint32_t)wide), mix((uint32_t)(wide >> 32)), mix((uint32_t)clip(a, 9)), mix((uint32_t)clip(b >> 3, 16));
#ifdef __ARM_FEATURE_DSP
        wrong += __qadd(a, b) != add(a, b);
        wrong += __qsub(a, b) != subtract(a, b);
        mix((uint32_t)__qadd(a, __qdbl(b))), mix((uint32_t)__qsub(a, __qdbl(b)));
#endif
#ifdef __ARM_FEATURE_SAT
        wrong += __ssat(a, 9) != clip(a, 9);
        mix((uint32_t)__ssat(b >> 3, 16)), mix(__usat(a << 2, 31)), mix(__usat(b >> 5, 7)), mix((uint32_t)__ssat((int32_t)((uint32_t)a << 4), 1));
#endif
    }
    say_hex((uint32_t)wrong);
    return wrong;
}

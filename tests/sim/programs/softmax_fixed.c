#include "support.h"
/* Softmax and logistic of int8 without floats: exp by a polynomial in Q5.26 and repeated squares, a reciprocal by Newton. */
static int32_t high_multiply(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    int64_t product = (int64_t)a * b;
    return (int32_t)((product + (product >= 0 ? 1 << 30 : 1 - (1 << 30))) / (1ll << 31));
}
static int32_t exp_of_quarter(int32_t a) {
    int32_t x = a + (1 << 28), x2 = high_multiply(x, x), x3 = high_multiply(x2, x), x4 = high_multiply(x2, x2);
    int32_t rest = high_multiply(((x4 >> 2) + x3) >> 0, 715827883) + x2;
    return 1895147668 + high_multiply(1895147668, x + (rest >> 1));
}
/* exp of a negative number with 5 integer bits, as Q0.31. */
static int32_t exp_of_negative(int32_t a) {
    static const int32_t steps[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    int32_t mask = (1 << 24) - 1, quarter = (int32_t)(((uint32_t)a & (uint32_t)mask) - (1u << 24));
    int32_t result = exp_of_quarter((int32_t)((uint32_t)quarter << 5)), rest = quarter - a;
    for (int i = 0; i < 7; i++) if (rest & 1 << (24 + i)) result = high_multiply(result, steps[i]);
    return a == 0 ? INT32_MAX : result;
}
static void softmax(const int8_t *logits, int count, int32_t beta, uint8_t *shares) {
    int8_t top = -128;
    for (int i = 0; i < count; i++) if (logits[i] > top) top = logits[i];
    uint32_t sum = 0;
    for (int i = 0; i < count; i++) sum += (uint32_t)exp_of_negative((logits[i] - top) * beta) >> 12;
    int shift = __builtin_clz(sum);
    int32_t normal = (int32_t)((sum << shift) >> 1), inverse = (int32_t)(0x7fffffffu - (uint32_t)normal + 0x40000000u);
    for (int i = 0; i < 3; i++) {
        int32_t error = (int32_t)(0x40000000u - (uint32_t)high_multiply(inverse, normal));
        inverse = (int32_t)((uint32_t)inverse + (uint32_t)high_multiply(inverse, error) * 2u);
    }
    for (int i = 0; i < count; i++) {
        int64_t share = (int64_t)exp_of_negative((logits[i] - top) * beta) * inverse >> 31;
        share >>= 31 - shift > 0 ? 35 - shift : 0;
        shares[i] = (uint8_t)(share > 255 ? 255 : share);
    }
}

int program(void) {
    int8_t logits[12];
    uint8_t shares[12];
    for (int round = 0; round < 9; round++) {
        int32_t beta = 1 << (14 + round % 9);
        for (int i = 0; i < 12; i++) logits[i] = (int8_t)(random_word() >> (round & 7));
        softmax(logits, 12, beta, shares);
        for (int i = 0; i < 12; i++) mix(shares[i]);
    }
    for (int32_t a = 0; a > -(30 << 24); a -= 0x2345678) mix((uint32_t)exp_of_negative(a));
    say_hex((uint32_t)exp_of_negative(-(1 << 26)));
    return 0;
}

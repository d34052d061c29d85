#include "support.h"
/* Integers of 256 bits: carries by chains, products, long division, powers modulo, a factorial in decimal digits. */
enum { WORDS = 8 };
struct big { uint32_t w[WORDS]; };
static struct big add(struct big a, struct big b) {
    uint32_t carry = 0;
    for (int i = 0; i < WORDS; i++) { uint64_t sum = (uint64_t)a.w[i] + b.w[i] + carry; a.w[i] = (uint32_t)sum; carry = (uint32_t)(sum >> 32); }
    return a;
}
static struct big subtract(struct big a, struct big b) {
    uint32_t borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        uint32_t x = a.w[i] - b.w[i], under = a.w[i] < b.w[i];
        a.w[i] = x - borrow, borrow = under | (x < borrow);
    }
    return a;
}
static int less(const struct big *a, const struct big *b) {
    for (int i = WORDS - 1; i >= 0; i--) if (a->w[i] != b->w[i]) return a->w[i] < b->w[i];
    return 0;
}
static struct big multiply(struct big a, struct big b) {
    struct big result = {{0}};
    for (int i = 0; i < WORDS; i++) {
        uint64_t carry = 0;
        for (int j = 0; i + j < WORDS; j++) carry += (uint64_t)a.w[i] * b.w[j] + result.w[i + j], result.w[i + j] = (uint32_t)carry, carry >>= 32;
    }
    return result;
}
static struct big twice(struct big a, uint32_t in) {
    for (int i = 0; i < WORDS; i++) { uint32_t out = a.w[i] >> 31; a.w[i] = a.w[i] << 1 | in; in = out; }
    return a;
}
static struct big remainder_of(struct big a, struct big by, struct big *quotient) {
    struct big rest = {{0}};
    for (int bit = WORDS * 32 - 1; bit >= 0; bit--) {
        rest = twice(rest, a.w[bit / 32] >> (bit % 32) & 1);
        int fits = !less(&rest, &by);
        if (fits) rest = subtract(rest, by);
        *quotient = twice(*quotient, (uint32_t)fits);
    }
    return rest;
}
static uint32_t divide_small(struct big *a, uint32_t by) {
    uint64_t rest = 0;
    for (int i = WORDS - 1; i >= 0; i--) rest = rest << 32 | a->w[i], a->w[i] = (uint32_t)(rest / by), rest %= by;
    return (uint32_t)rest;
}

int program(void) {
    struct big factorial = {{1}}, a, b = {{0}}, quotient = {{0}};
    for (uint32_t i = 2; i <= 30; i++) factorial = multiply(factorial, (struct big){{i}});
    char digits[80];
    int at = 79;
    digits[at] = 0;
    struct big rest = factorial;
    do digits[--at] = (char)('0' + divide_small(&rest, 10)); while (less(&(struct big){{0}}, &rest));
    say(digits + at), say("\n");
    for (int i = 0; i < WORDS; i++) a.w[i] = random_word(), b.w[i] = i < 3 ? random_word() : 0;
    struct big left = remainder_of(a, b, &quotient), back = add(multiply(quotient, b), left);
    int wrong = 0;
    for (int i = 0; i < WORDS; i++) wrong += back.w[i] != a.w[i], mix(quotient.w[i]), mix(left.w[i]), mix(add(a, factorial).w[i]), mix(subtract(b, a).w[i]);
    return wrong;
}

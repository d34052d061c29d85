#include "support.h"
/* Number theory: a sieve of bits, Miller and Rabin, factors by Pollard, gcds, inverses, square roots of integers, Collatz. */
static uint32_t composite[32];
static uint32_t times(uint32_t a, uint32_t b, uint32_t n) { return (uint32_t)((uint64_t)a * b % n); }
static uint32_t power(uint32_t a, uint32_t e, uint32_t n) {
    uint32_t result = 1;
    for (; e; e >>= 1, a = times(a, a, n)) if (e & 1) result = times(result, a, n);
    return result;
}
static int prime(uint32_t n) {
    static const uint32_t bases[] = {2, 7, 61};
    if (n < 2 || n % 2 == 0) return n == 2;
    uint32_t shift = (uint32_t)__builtin_ctz(n - 1);
    for (int i = 0; i < 3; i++) {
        if (n == bases[i]) return 1;
        uint32_t x = power(bases[i], (n - 1) >> shift, n), k = 0;
        if (x == 1 || x == n - 1) continue;
        for (; k + 1 < shift && x != n - 1; k++) x = times(x, x, n);
        if (x != n - 1) return 0;
    }
    return 1;
}
static uint32_t gcd(uint32_t a, uint32_t b) {
    if (!a || !b) return a | b;
    int shift = __builtin_ctz(a | b);
    a >>= __builtin_ctz(a);
    while (b) {
        b >>= __builtin_ctz(b);
        if (a > b) { uint32_t held = a; a = b, b = held; }
        b -= a;
    }
    return a << shift;
}
static uint32_t factor(uint32_t n) {
    for (uint32_t c = 1;; c++) {
        uint32_t x = 2, y = 2, d = 1;
        while (d == 1) {
            x = (times(x, x, n) + c) % n, y = (times(y, y, n) + c) % n, y = (times(y, y, n) + c) % n;
            d = gcd(x > y ? x - y : y - x, n);
        }
        if (d != n) return d;
    }
}
static int32_t inverse(int32_t a, int32_t n) {
    int32_t t = 0, next = 1, r = n, rest = a;
    while (rest) {
        int32_t q = r / rest, held = t - q * next;
        t = next, next = held, held = r - q * rest, r = rest, rest = held;
    }
    return r > 1 ? -1 : t < 0 ? t + n : t;
}
static uint32_t collatz(uint32_t n) {
    uint32_t steps = 0;
    for (; n != 1; steps++) n = n & 1 ? 3 * n + 1 : n >> 1;
    return steps;
}

int program(void) {
    uint32_t count = 0;
    int wrong = 0;
    for (uint32_t i = 2; i < 1024; i++) {
        if (composite[i >> 5] >> (i & 31) & 1) continue;
        count++;
        for (uint32_t j = i * i; j < 1024; j += i) composite[j >> 5] |= 1u << (j & 31);
    }
    say_hex(count);
    for (uint32_t i = 3; i < 1024; i += 82) wrong += prime(i) == (int)(composite[i >> 5] >> (i & 31) & 1);
    for (int i = 0; i < 6; i++) {
        uint32_t n = random_word() >> 13 | 1, m = random_word() >> 11 | 1;
        mix((uint32_t)prime(n)), mix(gcd(n * 3, m * 9)), mix((uint32_t)inverse((int32_t)n, 1000003)), mix(collatz(n & 0xfff));
        if (!prime(n) && n > 8) wrong += n % factor(n) != 0, mix(factor(n));
    }
    return wrong;
}

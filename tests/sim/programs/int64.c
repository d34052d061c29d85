#include "support.h"
/* 64-bit arithmetic, division by variables and constants. */
static uint64_t wide(void) { return (uint64_t)random_word() << 32 | random_word(); }
static void mix64(uint64_t value) { mix((uint32_t)value), mix((uint32_t)(value >> 32)); }

int program(void) {
    for (int i = 0; i < 60; i++) {
        uint64_t a = wide(), b = wide() >> (random_word() & 63);
        int64_t c = (int64_t)a, d = (int64_t)b | 1;
        mix64(a + b), mix64(a - b), mix64(a * b), mix64(a / (b | 1)), mix64(a % (b | 1));
        mix64((uint64_t)(c / d)), mix64((uint64_t)(c % d));
        mix64(a << (b & 63)), mix64(a >> (b & 63)), mix64((uint64_t)(c >> (b & 63)));
        mix((uint32_t)(a < b) | (uint32_t)(c < d) << 1), mix64((uint64_t)__builtin_popcountll(a));
        mix((uint32_t)__builtin_clzll(a | 1)), mix((uint32_t)__builtin_ctz((uint32_t)a | 0x80000000u));
        uint32_t x = (uint32_t)a, y = (uint32_t)b | 1;
        mix(x / y), mix(x % y), mix((uint32_t)((int32_t)x / (int32_t)y)), mix(x / 10), mix(x % 1000), mix((uint32_t)((int32_t)x / 7));
        mix64((uint64_t)x * y), mix64((uint64_t)((int64_t)(int32_t)x * (int32_t)y + c)), mix(__builtin_bswap32(x));
    }
    return 0;
}

#include "support.h"
/* Bits: reversal, counts, parity, Morton order, Gray code, next permutation, de Bruijn, magnitude without branches, swaps of halves. */
static uint32_t reverse(uint32_t x) {
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1, x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2, x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(x);
}
static uint32_t count(uint32_t x) {
    x -= x >> 1 & 0x55555555, x = (x & 0x33333333) + (x >> 2 & 0x33333333);
    return ((x + (x >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}
static uint32_t spread(uint32_t x) {
    x &= 0xffff, x = (x | x << 8) & 0x00ff00ff, x = (x | x << 4) & 0x0f0f0f0f, x = (x | x << 2) & 0x33333333;
    return (x | x << 1) & 0x55555555;
}
static uint32_t gray_back(uint32_t x) { for (int i = 16; i; i >>= 1) x ^= x >> i; return x; }
static uint32_t next_permutation(uint32_t x) {
    uint32_t low = x & -x, ripple = x + low;
    return low ? ripple | (x ^ ripple) / low >> 2 : 0;
}
static int log_of(uint32_t x) {
    static const uint8_t places[32] = {0, 9, 1, 10, 13, 21, 2, 29, 11, 14, 16, 18, 22, 25, 3, 30, 8, 12, 20, 28, 15, 17, 24, 7, 19, 27, 23, 6, 26, 5, 4, 31};
    x |= x >> 1, x |= x >> 2, x |= x >> 4, x |= x >> 8, x |= x >> 16;
    return places[x * 0x07c4acdd >> 27];
}
static uint16_t swapped(uint16_t x) { return (uint16_t)(x << 8 | x >> 8); }

int program(void) {
    int wrong = 0;
    uint32_t permutation = 0x1f;
    for (int i = 0; i < 150; i++) {
        uint32_t x = random_word() >> (i % 32), mask = (uint32_t)((int32_t)x >> 31);
        wrong += count(x) != (uint32_t)__builtin_popcount(x);
        wrong += x && log_of(x) != 31 - __builtin_clz(x);
        wrong += gray_back(x ^ x >> 1) != x;
        mix(reverse(x)), mix(spread(x) | spread(x >> 16) << 1), mix((x ^ mask) - mask), mix((uint32_t)__builtin_parity(x)), mix((uint32_t)__builtin_ffs((int)x));
        mix(swapped((uint16_t)x)), mix((uint32_t)(int32_t)(int16_t)swapped((uint16_t)(x >> 9))), mix((x & 0x00ff00ff) << 8 | (x >> 8 & 0x00ff00ff)), mix(x << 16 | x >> 16);
        permutation = next_permutation(permutation), mix(permutation);
        mix(x >> 3 & 0x1ff), mix((uint32_t)((int32_t)(x << 11) >> 20)), mix((x & ~0xff0u) | (permutation << 4 & 0xff0)), mix(x & ~(1u << (i & 31))), mix(~x & permutation), mix(x | ~permutation);
    }
    say_hex(permutation);
    return wrong;
}

#include "support.h"
/* Shifts, rotations and counts of 64 bits by variables, products of 128 bits, fixed point with 32 fraction bits. */
struct wide { uint64_t high, low; };
static void mix64(uint64_t x) { mix((uint32_t)x), mix((uint32_t)(x >> 32)); }
static uint64_t turn(uint64_t x, unsigned by) { return x << (by & 63) | x >> (-by & 63); }
static struct wide multiply(uint64_t a, uint64_t b) {
    uint64_t low = (a & 0xffffffff) * (b & 0xffffffff), cross = (a >> 32) * (b & 0xffffffff) + (low >> 32), other = (a & 0xffffffff) * (b >> 32) + (cross & 0xffffffff);
    return (struct wide){(a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32), other << 32 | (low & 0xffffffff)};
}
static struct wide shift_right(struct wide x, unsigned by) {
    if (by == 0) return x;
    if (by >= 64) return (struct wide){0, x.high >> (by - 64)};
    return (struct wide){x.high >> by, x.low >> by | x.high << (64 - by)};
}
static uint64_t root(uint64_t x) {
    uint64_t result = 0;
    for (uint64_t bit = 1ull << 62; bit; bit >>= 2) {
        int fits = x >= result + bit;
        x -= fits ? result + bit : 0;
        result = (result >> 1) + (fits ? bit : 0);
    }
    return result;
}
static int64_t fixed_divide(int64_t a, int64_t b) {
    uint64_t x = a < 0 ? -(uint64_t)a : (uint64_t)a, y = b < 0 ? -(uint64_t)b : (uint64_t)b, whole = x / y, rest = x % y, fraction = 0;
    for (int i = 0; i < 16; i++) rest <<= 1, fraction <<= 1, fraction |= rest >= y, rest -= rest >= y ? y : 0;
    uint64_t result = whole << 16 | fraction;
    return (int64_t)((a < 0) != (b < 0) ? -result : result);
}

int program(void) {
    for (unsigned i = 0; i < 64; i++) {
        uint64_t a = (uint64_t)random_word() << 32 | random_word(), b = a ^ (uint64_t)random_word() << (i & 31);
        mix64(a << i), mix64(a >> i), mix64((uint64_t)((int64_t)a >> i)), mix64(turn(a, i)), mix64(turn(b, 64 - i)), mix64(__builtin_bswap64(b));
        struct wide product = multiply(a, b), shifted = shift_right(product, i * 2 % 128);
        mix64(product.high), mix64(product.low), mix64(shifted.high), mix64(shifted.low);
        mix((uint32_t)(__builtin_clzll(b >> i | 1) * 64 + __builtin_ctzll(a << i | 1ull << 63))), mix((uint32_t)__builtin_parityll(a));
        mix64(a & -a), mix64(a & (a - 1)), mix((uint32_t)((int64_t)a < (int64_t)b) | (uint32_t)(a >> i == b >> i) << 1);
        if (i % 8 == 0) mix64(root(a)), mix64((uint64_t)fixed_divide((int64_t)a >> 20, (int64_t)(b >> 40) + 1)), say_hex((uint32_t)root(b));
    }
    return 0;
}

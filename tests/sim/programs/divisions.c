#include "support.h"
/* Divisions and remainders of all widths and signs, by constants of every kind, by variables, with the corners. */
static const int32_t corners[] = {0, 1, -1, 2, -2, 7, -7, 10, 255, 256, -256, 32767, -32768, 65535, 65536, INT32_MAX, INT32_MIN, INT32_MIN + 1, 0x55555555, -0x33333333};
#define BY(n) mix((uint32_t)(x / n)), mix((uint32_t)(x % n)), mix(u / n##u), mix(u % n##u)
#define HALF(n) mix((uint32_t)((int16_t)x / n)), mix((uint32_t)((uint16_t)x % n)), mix((uint32_t)((int8_t)x / n)), mix((uint32_t)((uint8_t)x % n))
__attribute__((noinline)) static void constants(int32_t x, uint32_t u) {
    BY(3), BY(5), BY(7), BY(9), BY(10), BY(11), BY(13), BY(16), BY(25), BY(60), BY(100), BY(125), BY(641), BY(1000), BY(4096), BY(10007), BY(65537), BY(1000000), BY(715827883), BY(2147483647);
    HALF(3), HALF(7), HALF(10), HALF(100);
    mix((uint32_t)(x / -5)), mix((uint32_t)(x % -8)), mix((uint32_t)(x / -2147483647)), mix(x % 2 ? 3 : 4), mix(u % 6 == 0), mix((uint32_t)(x / 4 + x / 1024));
}
__attribute__((noinline)) static void variables(int32_t x, int32_t y) {
    if (!y || (x == INT32_MIN && y == -1)) return;
    uint32_t a = (uint32_t)x, b = (uint32_t)y;
    mix((uint32_t)(x / y)), mix((uint32_t)(x % y)), mix(a / b), mix(a % b);
    if ((int16_t)y) mix((uint32_t)((int16_t)x / (int16_t)y)), mix((uint32_t)((uint16_t)x % (uint16_t)y));
    int64_t p = (int64_t)x * 1000003, q = y;
    mix((uint32_t)(p / q)), mix((uint32_t)(p % q)), mix((uint32_t)((uint64_t)p / b)), mix((uint32_t)((uint64_t)p % (uint64_t)(q * q)));
}
static uint32_t common(uint32_t a, uint32_t b) { while (b) { uint32_t rest = a % b; a = b, b = rest; } return a; }

int program(void) {
    for (int i = 0; i < 20; i++) {
        constants(corners[i], (uint32_t)corners[i] ^ 0x5a5a);
        for (int j = i % 4; j < 20; j += 4) variables(corners[i], corners[j]);
    }
    for (int i = 0; i < 10; i++) {
        int32_t x = (int32_t)random_word(), y = (int32_t)random_word() >> (i & 31);
        constants(x, (uint32_t)y), variables(x, y), variables(y, x >> 20);
        mix(common((uint32_t)x, (uint32_t)y));
    }
    uint32_t days = 19000, leap = 0;
    for (int i = 0; i < 20; i++, days += 977) {
        uint32_t z = days + 719468, era = z / 146097, doe = z - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, year = yoe + era * 400;
        leap += (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        mix(year);
    }
    say_hex(leap);
    return 0;
}

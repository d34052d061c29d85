#include "support.h"
/* Dense and sparse switches (table branches), a small stack machine, bit fields. */
struct flags { unsigned a : 3, b : 5, c : 11; int d : 7; };
static uint32_t dense(uint32_t x) {
    switch (x % 24) {
    case 0: return x * 3; case 1: return x ^ 0x55; case 2: return x - 9; case 3: return ~x; case 4: return x << 3;
    case 5: return x >> 2; case 6: return x + 1000; case 7: return x * x; case 8: return x & 0xf0f0; case 9: return x | 0x8001;
    case 10: return x / 3; case 11: return x % 7; case 12: return x * 11 + 1; case 13: return x ^ (x >> 5); case 14: return 5;
    case 15: return x - 1; case 16: return x + x / 2; case 17: return 77 - x; case 18: return x << 9; case 19: return x >> 11;
    case 20: return x * 13; case 21: return x * 17 - 4; case 22: return x ^ 0xffff0000; default: return x;
    }
}
static uint32_t sparse(uint32_t x) {
    switch (x & 0xfff) {
    case 3: return 1; case 100: return 2; case 512: return 3; case 777: return 4; case 1024: return 5; case 2500: return 6; case 4000: return 7;
    default: return x & 15;
    }
}
static int32_t run(const uint8_t *code) {
    int32_t stack[16];
    int top = 0;
    for (;;) switch (*code++) {
    case 0: return stack[top - 1];
    case 1: stack[top++] = (int8_t)*code++; break;
    case 2: top--, stack[top - 1] += stack[top]; break;
    case 3: top--, stack[top - 1] *= stack[top]; break;
    case 4: top--, stack[top - 1] -= stack[top]; break;
    case 5: stack[top] = stack[top - 1], top++; break;
    case 6: stack[top - 1] = -stack[top - 1]; break;
    default: return -1;
    }
}

int program(void) {
    static const uint8_t code[] = {1, 7, 1, 253, 3, 5, 2, 1, 100, 4, 6, 5, 3, 0};
    struct flags flags = {0};
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t x = random_word();
        mix(dense(x)), mix(sparse(x)), mix(sparse(i * 4));
        flags.a += x, flags.b ^= x >> 3, flags.c -= x >> 7, flags.d += (int)(x & 63);
        mix(flags.a + flags.b * 8u + flags.c * 256u), mix((uint32_t)flags.d);
    }
    mix((uint32_t)run(code));
    return 0;
}

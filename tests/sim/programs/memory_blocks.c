#include "support.h"
/* Moving memory by bytes, halves, words, doublewords and bursts, at every alignment that a core without unaligned accesses has. */
static uint8_t arena[256] __attribute__((aligned(8)));
struct burst { uint32_t words[8]; };

static void by_words(uint8_t *to, const uint8_t *from, size_t count) {
    while (count && ((uintptr_t)to & 3)) *to++ = *from++, count--;
    if (((uintptr_t)from & 3) == 0) {
        for (; count >= 32; count -= 32, to += 32, from += 32) *(struct burst *)(void *)to = *(const struct burst *)(const void *)from;
        for (; count >= 4; count -= 4, to += 4, from += 4) *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
    } else if (count >= 4) {
        /* Words put together from two. */
        const uint32_t *source = (const uint32_t *)((uintptr_t)from & ~(uintptr_t)3);
        unsigned shift = ((uintptr_t)from & 3) * 8;
        uint32_t held = *source++;
        for (; count >= 8; count -= 4, to += 4, from += 4) {
            uint32_t next = *source++;
            *(uint32_t *)(void *)to = held >> shift | next << (32 - shift);
            held = next;
        }
    }
    while (count--) *to++ = *from++;
}
static void down(uint8_t *to, const uint8_t *from, size_t count) {
    to += count, from += count;
    for (; count >= 8; count -= 8) {
        uint64_t held;
        to -= 8, from -= 8;
        __builtin_memcpy(&held, from, 8), __builtin_memcpy(to, &held, 8);
    }
    while (count--) *--to = *--from;
}
static void fill(void *to, uint8_t value, size_t count) {
    uint8_t *at = to;
    for (; count && ((uintptr_t)at & 7); count--) *at++ = value;
    uint64_t eight = 0x0101010101010101ull * value;
    for (; count >= 8; count -= 8, at += 8) *(uint64_t *)(void *)at = eight;
    while (count--) *at++ = value;
}
static int compare(const uint8_t *a, const uint8_t *b, size_t count) {
    for (; count--; a++, b++) if (*a != *b) return *a - *b;
    return 0;
}
static void swap(uint8_t *a, uint8_t *b, size_t count) {
    for (; count >= 2; count -= 2, a += 2, b += 2) {
        uint16_t x, y;
        __builtin_memcpy(&x, a, 2), __builtin_memcpy(&y, b, 2);
        __builtin_memcpy(a, &y, 2), __builtin_memcpy(b, &x, 2);
    }
    if (count) { uint8_t held = *a; *a = *b; *b = held; }
}

int program(void) {
    for (int i = 0; i < 256; i++) arena[i] = (uint8_t)random_word();
    for (unsigned round = 0; round < 48; round++) {
        unsigned to = round & 7, from = 128 + (round >> 2) % 5, count = random_word() % 70;
        by_words(arena + to, arena + from, count);
        mix((uint32_t)compare(arena + to, arena + from, count));
        down(arena + 70 + to, arena + 66, count);
        fill(arena + 200 + to, (uint8_t)round, count / 2);
        swap(arena + from, arena + 30 + to, count % 23);
        uint32_t sum = 0;
        for (int i = 0; i < 256; i++) sum = (sum << 5 | sum >> 27) ^ arena[i];
        mix(sum);
        if (round % 16 == 0) say_hex(sum);
    }
    return 0;
}

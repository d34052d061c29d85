#include "support.h"
/* Copies and fills of every alignment, strings, packed structures. */
struct __attribute__((packed)) packed { uint8_t a; uint32_t b; uint16_t c; uint64_t d; };
struct big { uint32_t words[13]; uint8_t bytes[7]; };
static uint8_t from[160], to[160];
static struct big pass(struct big value, int at) { value.words[at] += 5; value.bytes[at % 7] ^= 3; return value; }

int program(void) {
    for (int i = 0; i < 160; i++) from[i] = (uint8_t)random_word();
    for (int offset = 0; offset < 4; offset++)
        for (int count = 0; count < 40; count += 3) {
            __builtin_memset(to, offset, sizeof to);
            __builtin_memcpy(to + 8 - offset, from + 8 + offset, (size_t)count);
            __builtin_memmove(to + 60 + offset, to + 58, (size_t)count);
            for (int i = 0; i < 160; i += 5) mix(to[i]);
        }
    struct packed packed[3] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
    for (int i = 0; i < 9; i++) {
        struct packed *one = &packed[i % 3];
        one->b += random_word(), one->c ^= (uint16_t)one->b, one->d = one->d * 31 + one->c;
        mix(one->b), mix(one->c), mix((uint32_t)one->d);
    }
    struct big big = {{1, 2, 3}, {4, 5}};
    for (int i = 0; i < 13; i++) big = pass(big, i);
    for (int i = 0; i < 13; i++) mix(big.words[i] + big.bytes[i % 7]);
    uint32_t word;
    for (int i = 0; i < 20; i++) __builtin_memcpy(&word, from + i, 4), mix(word);
    return 0;
}

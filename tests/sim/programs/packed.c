#include "support.h"
/* Packed and misaligned fields, both byte orders, a message with a header, a pointer that may not be aligned. */
struct __attribute__((packed)) header { uint8_t kind; uint16_t size; uint32_t sequence; int64_t time; float value; };
struct __attribute__((packed, aligned(2))) sample { uint16_t channel; int32_t reading; uint8_t flags; double scale; };
typedef uint32_t __attribute__((aligned(1))) loose32;
typedef uint16_t __attribute__((aligned(1))) loose16;
typedef uint64_t __attribute__((aligned(1))) loose64;
static uint8_t stream[200];

static int write_big(uint8_t *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    return bytes;
}
static uint64_t read_big(const uint8_t *from, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | from[i];
    return value;
}
__attribute__((noinline)) static uint32_t touch(loose32 *words, loose16 *halves, loose64 *wide) {
    words[0] += 5, words[1] ^= words[0], halves[1] = (uint16_t)(halves[0] * 3), wide[0] += (uint64_t)words[1] << 20;
    return words[0] + halves[1] + (uint32_t)(wide[0] >> 32);
}

int program(void) {
    struct header header = {1, sizeof(struct sample), 0, -5, 0.5f};
    struct sample samples[3] = {{1, -100, 2, 0.25}, {3, 400, 5, 1e10}, {7, -1, 9, -3.0}};
    int at = 0;
    for (int i = 0; i < 6; i++) {
        struct sample *one = &samples[i % 3];
        header.sequence++, header.time += (int64_t)random_word() << 10, header.value *= -1.5f;
        one->reading += (int32_t)(random_word() >> 12), one->scale *= 0.5, one->flags ^= (uint8_t)i;
        __builtin_memcpy(stream + at, &header, sizeof header), at += (int)sizeof header;
        at += write_big(stream + at, (uint32_t)one->reading, 4);
        at += write_big(stream + at, one->channel, 2);
        at += write_big(stream + at, (uint64_t)header.time, 5);
    }
    for (int i = 0; i < at; i++) mix(stream[i]);
    for (int from = 0; from + (int)sizeof header + 11 <= at; from += (int)sizeof header + 11) {
        struct header *back = (struct header *)(void *)(stream + from);
        mix(back->sequence), mix((uint32_t)back->time), mix((uint32_t)(back->time >> 32)), mix_float(back->value), mix(back->size);
        mix((uint32_t)read_big(stream + from + sizeof header, 4)), mix((uint32_t)read_big(stream + from + sizeof header + 6, 5));
    }
    for (int i = 0; i < 24; i++) mix(touch((loose32 *)(void *)(stream + i), (loose16 *)(void *)(stream + 40 + i * 3), (loose64 *)(void *)(stream + 120 + i)));
    for (int i = 0; i < 3; i++) mix_double(samples[i].scale), mix((uint32_t)samples[i].reading);
    say_hex((uint32_t)at << 8 | (uint32_t)sizeof header);
    return 0;
}

#include "support.h"
/* Bit fields of every width and sign, across words, in unions, and the registers of a made-up device in RAM. */
struct fields { uint32_t a : 1, b : 2, c : 7; int32_t d : 11; uint32_t e : 11; int64_t f : 37; uint64_t g : 27; uint8_t h : 3, i : 5; _Bool j : 1; int16_t k : 9; };
union device { uint32_t word; struct { uint32_t enable : 1, mode : 3, : 4, prescale : 8, : 2, count : 14; } bits; };
static volatile union device devices[4];

__attribute__((noinline)) static void stir(struct fields *fields, uint32_t x) {
    fields->a ^= x, fields->b += x >> 3, fields->c -= x >> 5, fields->d += (int32_t)(x >> 7 & 255) - 100;
    fields->e = fields->e * 3 + 1, fields->f = (int64_t)((uint64_t)fields->f * 2654435761u + x), fields->g += (uint64_t)fields->f >> 9;
    fields->h++, fields->i ^= x >> 20, fields->j = x >> 30, fields->k = (int16_t)(fields->k - (int16_t)(x >> 22));
}

int program(void) {
    struct fields fields[3] = {{0}};
    for (int round = 0; round < 60; round++) {
        struct fields *one = &fields[round % 3];
        uint32_t x = random_word();
        stir(one, x);
        mix(one->a | (uint32_t)one->b << 1 | (uint32_t)one->c << 3), mix((uint32_t)one->d), mix(one->e), mix((uint32_t)one->f), mix((uint32_t)((uint64_t)one->f >> 32));
        mix((uint32_t)one->g), mix(one->h * 32u + one->i), mix(one->j), mix((uint32_t)one->k), mix(one->d < 0 ? 1 : 2), mix((uint32_t)(one->f >> 30));
        volatile union device *device = &devices[round & 3];
        device->bits.enable ^= 1, device->bits.mode = x >> 4, device->bits.prescale += 7, device->bits.count -= x >> 9;
        mix(device->word);
        while (device->bits.count & 3) device->bits.count++;
        if (round % 20 == 7) say_hex(device->word);
    }
    return 0;
}

#include "support.h"
/* Structures of every size passed and returned: in registers, split over registers and stack, by a hidden pointer, floats too. */
struct one { uint8_t a; };
struct three { uint8_t a[3]; };
struct pair { int32_t a, b; };
struct mixed { uint8_t a; uint64_t b; uint16_t c; };
struct large { int16_t words[17]; struct pair pair; };
struct vector { float x, y, z; };
struct doubles { double a, b; };
union either { float f; uint32_t u; struct pair p; };
#define APART __attribute__((noinline)) static

APART struct one next(struct one x, uint8_t by) { return (struct one){(uint8_t)(x.a + by)}; }
APART struct three rotate(struct three x) { return (struct three){{x.a[2], x.a[0], (uint8_t)(x.a[1] + 1)}}; }
APART struct pair swap(int32_t add, struct pair x) { return (struct pair){x.b + add, x.a - add}; }
APART struct mixed stretch(int32_t a, struct mixed x, struct mixed y, uint16_t b) { return (struct mixed){(uint8_t)(x.a + a), x.b * y.b + b, (uint16_t)(x.c - y.a)}; }
APART struct large reverse(struct large x, int at) {
    struct large result = x;
    for (int i = 0; i < 17; i++) result.words[i] = x.words[16 - i];
    result.pair = swap(result.words[at], x.pair);
    return result;
}
APART struct vector cross(struct vector a, struct vector b) { return (struct vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
APART struct doubles both(float a, struct doubles x, double b, int32_t c) { return (struct doubles){x.a + (double)a, x.b * b - c}; }
APART union either choose(union either x, int how) { return how == 0 ? (union either){.f = x.f * 2} : how == 1 ? (union either){.u = x.u ^ 1} : (union either){.p = {x.p.b, 3}}; }
APART int64_t many(uint8_t a, int64_t b, int16_t c, struct pair d, uint32_t e, int64_t f, int8_t g) { return a + b * c - d.a + d.b + e + f / (g | 1); }

int program(void) {
    struct one one = {3};
    struct three three = {{1, 2, 3}};
    struct pair pair = {5, -7};
    struct mixed mixed = {9, 0x123456789abcdefull, 77};
    struct large large = {{1, -2, 3, -4, 5, -6, 7, -8, 9}, {11, 12}};
    struct vector vector = {1.5f, -2.0f, 0.25f}, axis = {0.5f, 1.0f, -1.0f};
    struct doubles doubles = {0.5, 3.0};
    union either either = {.f = 1.25f};
    for (int i = 0; i < 40; i++) {
        int32_t x = (int32_t)random_word();
        one = next(one, (uint8_t)x), three = rotate(three), pair = swap(x, pair), mixed = stretch(x, mixed, mixed, (uint16_t)x), large = reverse(large, i % 17);
        vector = cross(vector, axis), doubles = both(vector.x, doubles, 0.75, i), either = choose(either, i % 3);
        int64_t sum = many(one.a, x, three.a[0], pair, (uint32_t)i, (int64_t)mixed.b, (int8_t)x);
        mix(one.a), mix(three.a[1]), mix((uint32_t)pair.a), mix((uint32_t)mixed.b), mix(mixed.c), mix((uint16_t)large.words[i % 17]), mix((uint32_t)large.pair.b);
        mix_float(vector.x), mix_float(vector.z), mix_double(doubles.a), mix_double(doubles.b), mix(either.u), mix((uint32_t)sum), mix((uint32_t)(sum >> 32));
    }
    say_hex((uint32_t)pair.a);
    return 0;
}

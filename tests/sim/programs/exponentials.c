#include "support.h"
/* expf, logf, powf by reduction, tables of none and polynomials, as a small libm has them. */
static float from_bits(uint32_t bits) { float value; __builtin_memcpy(&value, &bits, 4); return value; }
static uint32_t to_bits(float value) { uint32_t bits; __builtin_memcpy(&bits, &value, 4); return bits; }
static float scale(float x, int power) {
    while (power > 127) x *= 0x1p127f, power -= 127;
    while (power < -126) x *= 0x1p-126f, power += 126;
    return x * from_bits((uint32_t)(power + 127) << 23);
}
static float exponential(float x) {
    if (x != x) return x;
    if (x > 88.8f) return from_bits(0x7f800000);
    if (x < -104.0f) return 0;
    int n = (int)(x * 1.44269504f + (x < 0 ? -0.5f : 0.5f));
    float r = x - (float)n * 0.693145752f - (float)n * 1.42860677e-6f;
    float p = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666657f + r * (0.0416666567f + r * (0.00833345205f + r * 0.00139304355f)))));
    return scale(p, n);
}
static float logarithm(float x) {
    if (!(x > 0)) return from_bits(x == 0 ? 0xff800000 : 0x7fc00000);
    int power = 0;
    if (to_bits(x) < 0x800000) x *= 0x1p25f, power = -25;
    uint32_t bits = to_bits(x) - 0x3f3504f3;
    power += (int32_t)bits >> 23;
    float f = from_bits((bits & 0x7fffff) + 0x3f3504f3) - 1.0f, s = f / (2.0f + f), z = s * s;
    float r = z * (0.666666627f + z * (0.400009722f + z * (0.284988523f + z * 0.242790788f)));
    return (float)power * 0.693147182f + (f - (0.5f * f * f - s * (0.5f * f * f + r)));
}
static float power(float x, float y) { return exponential(y * logarithm(x)); }

int program(void) {
    static volatile float inputs[] = {0, -0.0f, 1, -1, 0.5f, 88.7f, 89, -87.5f, -103.9f, 1e-40f, 3.4e38f, 1e-7f, 2.718281828f, 10, 0.69314718f};
    for (int i = 0; i < 15; i++) {
        mix_float(exponential(inputs[i])), mix_float(logarithm(inputs[i]));
        if (i % 4 == 2) say_hex(to_bits(exponential(inputs[i])));
    }
    for (int i = 0; i < 30; i++) {
        float x = (float)(int32_t)random_word() * 0x1p-26f, y = (float)(random_word() & 0xffff) * 0x1p-10f;
        mix_float(exponential(x)), mix_float(logarithm(y)), mix_float(power(y, x * 0.1f));
        if (i % 10 == 0) say_hex(to_bits(logarithm(exponential(x))));
    }
    return 0;
}

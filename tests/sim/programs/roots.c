#include "support.h"
/* Square roots, rounding to integers, minima: FPU instructions where the core has them, bits elsewhere. */
static float from_bits(uint32_t bits) { float value; __builtin_memcpy(&value, &bits, 4); return value; }
static uint32_t to_bits(float value) { uint32_t bits; __builtin_memcpy(&bits, &value, 4); return bits; }
#if defined(__ARM_FP)
static float root(float x) { return __builtin_sqrtf(x); }
#else
static float root(float x) {
    if (!(x > 0)) return x == 0 ? x : from_bits(0x7fc00000);
    float guess = from_bits((to_bits(x) >> 1) + 0x1fbd1df5);
    for (int i = 0; i < 4; i++) guess = 0.5f * (guess + x / guess);
    return guess;
}
#endif
#if defined(__ARM_FEATURE_DIRECTED_ROUNDING) && defined(__ARM_FEATURE_NUMERIC_MAXMIN)
static float below(float x) { return __builtin_floorf(x); }
static float above(float x) { return __builtin_ceilf(x); }
static float nearest(float x) { return __builtin_roundf(x); }
static float toward_zero(float x) { return __builtin_truncf(x); }
static float lesser(float a, float b) { return __builtin_fminf(a, b); }
static float greater(float a, float b) { return __builtin_fmaxf(a, b); }
#else
static float toward_zero(float x) { return x > -8388608.0f && x < 8388608.0f ? (float)(int32_t)x : x; }
static float below(float x) { float t = toward_zero(x); return t > x ? t - 1.0f : t; }
static float above(float x) { float t = toward_zero(x); return t < x ? t + 1.0f : t; }
static float nearest(float x) { return x < 0 ? -below(0.5f - x) : below(x + 0.5f); }
static float lesser(float a, float b) { return a != a ? b : b < a ? b : a; }
static float greater(float a, float b) { return a != a ? b : b > a ? b : a; }
#endif
static float inverse_root(float x) {
    float y = from_bits(0x5f3759df - (to_bits(x) >> 1));
    return y * (1.5f - 0.5f * x * y * y) * (1.0f + 0x1p-20f);
}
static float cube_root(float x) {
    float y = from_bits(to_bits(x < 0 ? -x : x) / 3 + 0x2a514067);
    for (int i = 0; i < 3; i++) y = (2.0f * y + (x < 0 ? -x : x) / (y * y)) * 0.333333333f;
    return x < 0 ? -y : y;
}

int program(void) {
    static volatile float inputs[] = {0, -0.0f, 1, 2, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 8388609.0f, 1e30f, 1e-30f, -7.75f, 0.49999997f};
    for (int i = 0; i < 14 + 18; i++) {
        float x = i < 14 ? inputs[i] : (float)(int32_t)random_word() * 0x1p-20f, y = (float)(int32_t)(random_word() >> 8) * 0x1p-14f;
        mix_float(root(y)), mix_float(below(x)), mix_float(above(x)), mix_float(nearest(x)), mix_float(toward_zero(x));
        mix_float(lesser(x, y)), mix_float(greater(x, y)), mix_float(inverse_root(y + 1.0f)), mix_float(cube_root(x)), mix_float(root(y * y + 4.0f));
        if (i % 16 == 0) say_hex(to_bits(root(y)));
    }
    return 0;
}

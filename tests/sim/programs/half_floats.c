#include "support.h"
/* Half precision: by __fp16 on Arm (instructions or library code), and by hand; both must agree. */
static uint32_t to_bits(float value) { uint32_t bits; __builtin_memcpy(&bits, &value, 4); return bits; }
static float from_bits(uint32_t bits) { float value; __builtin_memcpy(&value, &bits, 4); return value; }
static uint16_t narrow(float value) {
    uint32_t bits = to_bits(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x47800000) return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x33000000) return (uint16_t)sign;
    int shift = magnitude < 0x38800000 ? 126 - (int)(magnitude >> 23) : 13;
    uint32_t mantissa = magnitude < 0x38800000 ? (magnitude & 0x7fffff) | 0x800000 : magnitude - 0x38000000;
    uint32_t rest = mantissa & ((1u << shift) - 1), half = 1u << (shift - 1), result = mantissa >> shift;
    return (uint16_t)(sign | (result + (rest > half || (rest == half && (result & 1)))));
}
static float widen(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) return from_bits(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
    if (magnitude < 0x400) return (sign ? -1.0f : 1.0f) * (float)magnitude * 0x1p-24f;
    return from_bits(sign | ((magnitude << 13) + 0x38000000));
}
#ifdef __arm__
typedef __fp16 stored;
#if defined(__clang__) && defined(WITH_LIBGCC) && !defined(__ARM_FP)
/* clang calls these by the names of Arm's run-time ABI, which gcc's library has not. */
uint16_t __gnu_f2h_ieee(float);
float __gnu_h2f_ieee(uint16_t);
__attribute__((weak)) uint16_t __aeabi_f2h(float value) { return __gnu_f2h_ieee(value); }
__attribute__((weak)) float __aeabi_h2f(uint16_t half) { return __gnu_h2f_ieee(half); }
#endif
static uint16_t bits_of(stored value) { uint16_t bits; __builtin_memcpy(&bits, &value, 2); return bits; }
static stored store(float value) { return (stored)value; }
static float load(stored value) { return value; }
#else
typedef uint16_t stored;
static uint16_t bits_of(stored value) { return value; }
static stored store(float value) { return narrow(value); }
static float load(stored value) { return widen(value); }
#endif

int program(void) {
    static volatile float inputs[] = {0, -0.0f, 1, 65504.0f, 65519.0f, 65520.0f, 1e6f, 6.1e-5f, 5.96e-8f, 2.98e-8f, 2.99e-8f, 1e-9f, -0.333333f, 2049.0f, 2051.0f};
    static stored weights[32];
    int wrong = 0;
    for (int i = 0; i < 15 + 100; i++) {
        float value = i < 15 ? inputs[i] : from_bits((random_word() & 0x87ffffff) + 0x36000000 + ((random_word() & 15) << 23));
        stored half = store(value);
        wrong += bits_of(half) != narrow(value);
        wrong += to_bits(load(half)) != to_bits(widen(bits_of(half)));
        weights[i & 31] = half;
        mix(bits_of(half)), mix_float(load(half));
    }
    float sum = 0;
    for (int i = 0; i < 32; i++) {
        float weight = load(weights[i]);
        if (weight < 1000.0f && weight > -1000.0f) sum += weight * (float)(i - 16);
        weights[i] = store(sum * 0.125f);
    }
    say_hex(bits_of(weights[31])), say_hex((uint32_t)wrong);
    return wrong;
}

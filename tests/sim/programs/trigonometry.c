#include "support.h"
/* sinf, cosf, atan2f, tanhf: reduction by pi/2, odd and even polynomials, quadrants. */
static float magnitude(float x) { return x < 0 ? -x : x; }
static float sine_kernel(float x) { float z = x * x; return x + x * z * (-0.166666546f + z * (0.00833216087f + z * -0.000195152959f)); }
static float cosine_kernel(float x) { float z = x * x; return 1.0f - 0.5f * z + z * z * (0.0416666456f + z * (-0.00138873163f + z * 2.44331571e-5f)); }
static float reduce(float x, int *quadrant) {
    int n = (int)(x * 0.636619772f + (x < 0 ? -0.5f : 0.5f));
    float f = (float)n;
    *quadrant = n & 3;
    return ((x - f * 1.5703125f) - f * 4.83751297e-4f) - f * 7.54978942e-8f;
}
static float sine(float x) {
    int quadrant;
    float r = reduce(x, &quadrant);
    switch (quadrant) {
    case 0: return sine_kernel(r);
    case 1: return cosine_kernel(r);
    case 2: return -sine_kernel(r);
    default: return -cosine_kernel(r);
    }
}
static float cosine(float x) { return sine(x + 1.57079633f); }
static float arc_tangent(float x) {
    float a = magnitude(x), base = 0;
    if (a > 2.41421356f) base = 1.57079633f, a = -1.0f / a;
    else if (a > 0.414213562f) base = 0.785398163f, a = (a - 1.0f) / (a + 1.0f);
    float z = a * a, r = base + a + a * z * (-0.333329491f + z * (0.199777106f + z * (-0.138776856f + z * 0.0805374449f)));
    return x < 0 ? -r : r;
}
static float arc_tangent2(float y, float x) {
    if (x > 0) return arc_tangent(y / x);
    if (x < 0) return arc_tangent(y / x) + (y < 0 ? -3.14159265f : 3.14159265f);
    return y > 0 ? 1.57079633f : y < 0 ? -1.57079633f : 0;
}
static float hyperbolic(float x) {
    float a = magnitude(x);
    if (a > 9) return x < 0 ? -1.0f : 1.0f;
    float z = x * x, p = x * (135135.0f + z * (17325.0f + z * (378.0f + z))), q = 135135.0f + z * (62370.0f + z * (3150.0f + z * 28.0f));
    float r = p / q;
    return r > 1 ? 1.0f : r < -1 ? -1.0f : r;
}

int program(void) {
    for (int i = -60; i <= 60; i += 5) {
        float x = (float)i * 0.3125f + (float)(random_word() & 255) * 0x1p-10f, y = (float)(int32_t)random_word() * 0x1p-28f;
        float s = sine(x), c = cosine(x);
        mix_float(s), mix_float(c), mix_float(s * s + c * c), mix_float(arc_tangent2(y, x)), mix_float(arc_tangent2(s, c)), mix_float(hyperbolic(y));
        mix((uint32_t)(int32_t)(s * 32767.0f)), mix((uint32_t)(magnitude(s) > magnitude(c)));
    }
    say_hex((uint32_t)(int32_t)(sine(1.0f) * 1e6f)), say_hex((uint32_t)(int32_t)(arc_tangent2(1, -1) * 1e6f)), say_hex((uint32_t)(int32_t)(hyperbolic(0.5f) * 1e6f));
    return 0;
}

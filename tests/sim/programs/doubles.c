#include "support.h"
/* Double precision: exp, log, sine series, Newton's roots, polynomials, statistics; hardware on some M7, library code elsewhere. */
static double from_bits(uint64_t bits) { double value; __builtin_memcpy(&value, &bits, 8); return value; }
static uint64_t to_bits(double value) { uint64_t bits; __builtin_memcpy(&bits, &value, 8); return bits; }
static double root(double x) {
    double guess = from_bits((to_bits(x) >> 1) + 0x1ff7a3bea91d9b1bull);
    for (int i = 0; i < 4; i++) guess = 0.5 * (guess + x / guess);
    return guess;
}
static double exponential(double x) {
    int n = (int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
    double r = x - n * 0.6931471805599453, term = 1, sum = 1;
    for (int i = 1; i < 12; i++) term *= r / i, sum += term;
    return sum * from_bits((uint64_t)(n + 1023) << 52);
}
static double logarithm(double x) {
    int64_t bits = (int64_t)to_bits(x);
    int power = (int)(bits >> 52) - 1023;
    double m = from_bits(((uint64_t)bits & 0xfffffffffffffull) | 0x3ff0000000000000ull), s = (m - 1) / (m + 1), z = s * s, sum = 0;
    for (int k = 15; k >= 1; k -= 2) sum = sum * z + 1.0 / k;
    return power * 0.6931471805599453 + 2 * s * sum;
}
static double sine(double x) {
    double term = x, sum = x;
    for (int i = 2; i < 16; i += 2) term *= -x * x / (i * (i + 1)), sum += term;
    return sum;
}

int program(void) {
    double mean = 0, square = 0;
    for (int i = 0; i < 12; i++) {
        double x = (double)(int32_t)random_word() * 0x1p-29, y = (double)(random_word() | 1) * 0x1p-12;
        double e = exponential(x), l = logarithm(y), r = root(y), s = sine(x * 0.5);
        mix_double(e), mix_double(l), mix_double(r), mix_double(s), mix_double(e * l - r / s), mix_float((float)(e + l));
        mix((uint32_t)(int32_t)(l * 1e6)), mix((uint32_t)(e < l) << 2 | (uint32_t)(r >= s) << 1 | (uint32_t)(e == e));
        double delta = y - mean;
        mean += delta / (i + 1), square += delta * (y - mean);
    }
    mix_double(mean), mix_double(square);
    say_hex((uint32_t)(int32_t)(exponential(1) * 1e8)), say_hex((uint32_t)(int32_t)(root(2) * 1e9)), say_hex((uint32_t)(int64_t)(logarithm(1e6) * 1e8));
    return 0;
}

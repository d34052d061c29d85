#include "support.h"
/* Float and integer matrices: products in blocks, transposes, LU with pivots, determinants modulo a prime, Cholesky's inverse. */
enum { N = 6 };
static float a[N][N], b[N][N], lower[N][N];
static int32_t whole[N][N];
static float magnitude(float x) { return x < 0 ? -x : x; }
static float determinant(void) {
    float m[N][N], result = 1;
    __builtin_memcpy(m, a, sizeof m);
    for (int k = 0; k < N; k++) {
        int pivot = k;
        for (int i = k + 1; i < N; i++) if (magnitude(m[i][k]) > magnitude(m[pivot][k])) pivot = i;
        if (m[pivot][k] == 0) return 0;
        if (pivot != k) {
            result = -result;
            for (int j = 0; j < N; j++) { float held = m[k][j]; m[k][j] = m[pivot][j]; m[pivot][j] = held; }
        }
        result *= m[k][k];
        for (int i = k + 1; i < N; i++) {
            float factor = m[i][k] / m[k][k];
            for (int j = k; j < N; j++) m[i][j] -= factor * m[k][j];
        }
    }
    return result;
}
static float root(float x) {
    float guess = x > 1 ? x : 1;
    for (int i = 0; i < 10; i++) guess = 0.5f * (guess + x / guess);
    return guess;
}
static void cholesky(void) {
    for (int i = 0; i < N; i++) for (int j = 0; j <= i; j++) {
        float sum = b[i][j];
        for (int k = 0; k < j; k++) sum -= lower[i][k] * lower[j][k];
        lower[i][j] = i == j ? root(sum) : sum / lower[j][j];
    }
}
static int32_t power(int64_t base, uint32_t exponent, int32_t prime) {
    int64_t result = 1;
    for (; exponent; exponent >>= 1, base = base * base % prime) if (exponent & 1) result = result * base % prime;
    return (int32_t)result;
}
static int32_t modular(int32_t prime) {
    int64_t result = 1;
    for (int k = 0; k < N; k++) {
        if (whole[k][k] == 0) return 0;
        result = result * whole[k][k] % prime;
        int64_t inverse = power(whole[k][k], (uint32_t)prime - 2, prime);
        for (int i = k + 1; i < N; i++) {
            int64_t factor = whole[i][k] * inverse % prime;
            for (int j = k; j < N; j++) whole[i][j] = (int32_t)((whole[i][j] + (prime - factor) * whole[k][j]) % prime);
        }
    }
    return (int32_t)result;
}

int program(void) {
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) a[i][j] = (float)(int32_t)(random_word() % 2001) * 0.001f - 1.0f, whole[i][j] = (int32_t)(random_word() % 10007);
    for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) {
        float sum = i == j ? 0.5f : 0;
        for (int k = 0; k < N; k++) sum += a[i][k] * a[j][k];
        b[i][j] = sum;
        mix_float(sum);
    }
    mix_float(determinant());
    cholesky();
    for (int i = 0; i < N; i++) for (int j = 0; j <= i; j++) mix_float(lower[i][j]);
    say_hex((uint32_t)modular(10007));
    for (int i = 0; i < N * N; i++) mix((uint32_t)whole[i / N][i % N]);
    return 0;
}

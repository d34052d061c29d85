#include "support.h"
/* Dot products by two multiplications at a time, as vendors' kernels do them; the sums of plain C must be the same. */
static int8_t left[68] __attribute__((aligned(4))), right[68] __attribute__((aligned(4)));
static int16_t halves[64] __attribute__((aligned(4))), others[64] __attribute__((aligned(4)));

static int32_t plain(const int8_t *a, const int8_t *b, int count) {
    int32_t sum = 0;
    while (count--) sum += *a++ * *b++;
    return sum;
}
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
static uint32_t ror8(uint32_t word) { return word >> 8 | word << 24; }
static int32_t dot(const int8_t *a, const int8_t *b, int count) {
    int32_t sum = 0;
    for (; count >= 4; count -= 4, a += 4, b += 4) {
        int32_t x, y;
        __builtin_memcpy(&x, a, 4), __builtin_memcpy(&y, b, 4);
        sum = __smlad(__sxtb16((int32_t)ror8((uint32_t)x)), __sxtb16((int32_t)ror8((uint32_t)y)), sum);
        sum = __smlad(__sxtb16(x), __sxtb16(y), sum);
    }
    return sum + plain(a, b, count);
}
static int64_t long_dot(const int16_t *a, const int16_t *b, int count) {
    int64_t sum = 0;
    for (; count; count -= 2, a += 2, b += 2) {
        int32_t x, y;
        __builtin_memcpy(&x, a, 4), __builtin_memcpy(&y, b, 4);
        sum = __smlald(x, y, sum), sum = __smlsldx(x, y, sum), sum = __smlaldx(y, x, sum);
    }
    return sum;
}
#else
static int32_t dot(const int8_t *a, const int8_t *b, int count) {
    int32_t even = 0, odd = 0, i = 0;
    for (; i + 1 < count; i += 2) even += a[i] * b[i], odd += a[i + 1] * b[i + 1];
    return even + odd + (i < count ? a[i] * b[i] : 0);
}
static int64_t long_dot(const int16_t *a, const int16_t *b, int count) {
    int64_t sum = 0;
    for (int i = 0; i < count; i++) sum += (int64_t)(a[i] * b[i]) - a[i] + b[i];
    return sum;
}
#endif

int program(void) {
    int wrong = 0;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 68; i++) left[i] = (int8_t)random_word(), right[i] = (int8_t)(random_word() >> 3);
        for (int i = 0; i < 64; i++) halves[i] = (int16_t)random_word(), others[i] = (int16_t)(random_word() >> 5);
        for (int count = 0; count < 68; count += 7) {
            int32_t sum = dot(left + (count & 1), right, count - (count & 1) + 1);
            wrong += sum != plain(left + (count & 1), right, count - (count & 1) + 1);
            mix((uint32_t)sum);
        }
        int64_t sum = long_dot(halves, others, 64);
        mix((uint32_t)sum), mix((uint32_t)(sum >> 32));
    }
    say_hex((uint32_t)wrong);
    return wrong;
}

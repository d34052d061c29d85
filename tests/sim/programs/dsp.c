#include "support.h"
/* DSP intrinsics where the core has them, else the same work in plain C. */
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
int program(void) {
    int32_t sum = 0;
    int64_t wide = 0;
    for (int i = 0; i < 60; i++) {
        int32_t a = (int32_t)random_word(), b = (int32_t)random_word();
        sum = __smlad(a, b, sum), sum = __smlsdx(a, b, sum), wide = __smlald(a, b, wide), wide = __smlsld(a, b, wide);
        mix((uint32_t)sum), mix((uint32_t)wide), mix((uint32_t)__qadd(a, b)), mix((uint32_t)__qsub(a, b)), mix((uint32_t)__qdbl(a));
        mix((uint32_t)__sxtb16(a)), mix((uint32_t)__sxtab16(a, b)), mix(__uxtb16((uint32_t)a)), mix((uint32_t)__smlabb(a, b, sum)), mix((uint32_t)__smlatb(a, b, sum));
        mix((uint32_t)__smlawt(a, b, sum)), mix((uint32_t)__ssat(a, 13)), mix(__usat(b, 9));
        mix((uint32_t)__qadd16(a, b)), mix((uint32_t)__shsub16(a, b)), mix(__uqadd8((uint32_t)a, (uint32_t)b)), mix((uint32_t)__qasx(a, b));
        mix(__usad8((uint32_t)a, (uint32_t)b)), mix((uint32_t)__ssat16(a, 7)), mix((uint32_t)__usat16(b, 5));
        mix((uint32_t)__sadd8(a, b)), mix((uint32_t)__sel((uint32_t)a, (uint32_t)b)), mix(__usub8((uint32_t)a, (uint32_t)b)), mix((uint32_t)__sel((uint32_t)b, (uint32_t)a));
#ifdef __clang__
        mix((uint32_t)__rbit((uint32_t)a)), mix((uint32_t)__rev16((uint32_t)b)), mix((uint32_t)__clz((uint32_t)a)), mix((uint32_t)__ror((uint32_t)a, (uint32_t)b & 31));
        mix((uint32_t)__smulbt(a, b)), mix((uint32_t)__smuadx(a, b));
#endif
    }
    return 0;
}
#else
int program(void) {
    int32_t sum = 0;
    for (int i = 0; i < 60; i++) {
        int32_t a = (int32_t)random_word(), b = (int32_t)random_word();
        sum += (int16_t)a * (int16_t)b + (a >> 16) * (b >> 16);
        mix((uint32_t)sum), mix((uint32_t)(a > b ? a : b));
    }
    return 0;
}
#endif

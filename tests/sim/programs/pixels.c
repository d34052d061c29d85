#include "support.h"
/* Four bytes at a time: blending, differences, thresholds, halves packed into words. */
#ifdef __ARM_FEATURE_DSP
#include <arm_acle.h>
#endif
static uint32_t row[40], other[40];
static uint32_t average(uint32_t a, uint32_t b) { return (a & b) + (((a ^ b) & 0xfefefefe) >> 1); }
static uint32_t blend(uint32_t a, uint32_t b, uint32_t alpha) {
    uint32_t even = ((a & 0xff00ff) * alpha + (b & 0xff00ff) * (256 - alpha)) >> 8, odd = (a >> 8 & 0xff00ff) * alpha + (b >> 8 & 0xff00ff) * (256 - alpha);
    return (even & 0xff00ff) | (odd & 0xff00ff00);
}
static uint32_t bottom_top(uint32_t a, uint32_t b, int by) { return (a & 0xffff) | (b << by & 0xffff0000); }
static uint32_t top_bottom(int32_t a, int32_t b) { return ((uint32_t)a & 0xffff0000) | ((uint32_t)(b >> 9) & 0xffff); }
static uint32_t distance(uint32_t a, uint32_t b) {
    uint32_t sum = 0;
    for (int i = 0; i < 32; i += 8) {
        int difference = (int)(a >> i & 255) - (int)(b >> i & 255);
        sum += (uint32_t)(difference < 0 ? -difference : difference);
    }
    return sum;
}

int program(void) {
    uint32_t total = 0, check = 0;
    for (int i = 0; i < 40; i++) row[i] = random_word(), other[i] = random_word() ^ row[i] >> 3;
    for (int i = 0; i < 40; i++) {
        uint32_t a = row[i], b = other[i];
        mix(average(a, b)), mix(blend(a, b, a & 255)), mix(bottom_top(a, b, 16)), mix(bottom_top(a, b, 5)), mix(top_bottom((int32_t)a, (int32_t)b));
        total += distance(a, b);
#ifdef __ARM_FEATURE_DSP
        check = __usada8(a, b, check);
        mix(__uhadd8(a, b) ^ average(a, b));
        mix(__uqsub8(a, b)), mix(__usub8(a, 0x80808080)), mix(__sel(a, b)), mix(__sel(0xffffffff, 0));
        mix((uint32_t)__sadd16((int32_t)a, (int32_t)b)), mix(__sel(b, a)), mix((uint32_t)__shadd8((int32_t)a, (int32_t)b)), mix(__uhsub16(a, b));
        mix((uint32_t)__ssub16((int32_t)a, (int32_t)b)), mix(__sel(b, ~a)), mix((uint32_t)__sasx((int32_t)a, (int32_t)b)), mix((uint32_t)__ssax((int32_t)a, (int32_t)b));
        mix(__uqasx(a, b)), mix(__uhsax(a, b)), mix((uint32_t)__qsub8((int32_t)a, (int32_t)b)), mix(__uxtab16(a, b));
#else
        check += distance(b, a);
#endif
    }
    say_hex(total);
    return total != check;
}

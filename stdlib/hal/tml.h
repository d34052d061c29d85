/* tml.h: everything that an application or a generated function may use.
 *
 * There is no C library: no malloc, no stdio, no math.h. The functions below, <stdint.h>, <stdbool.h> and <stddef.h> are
 * all there is; code that calls anything else does not link. Parts that are not called take no space.
 */
#ifndef TML_H
#define TML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Turns LED `n` of the board on or off; 0 is the first one in the board's file. Others are ignored. */
void tml_led(uint32_t n, bool on);

/* Drives pin `pin` of the chip high or low, as an output. ST: PA0 is 0, PB0 is 16, and so on; Nordic: P1.00 is 32;
 * Raspberry Pi: GP25 is 25. A pin that the chip lacks is ignored. */
void tml_gpio(uint32_t pin, bool on);

/* Writes text to channel 0 of the RTT ring in RAM, which debug probes (J-Link, probe-rs, pyOCD, OpenOCD) and the
 * simulator show. Never waits: what does not fit is dropped. */
void tml_print(const char *text);

/* Writes a number in decimal. */
void tml_print_int(int32_t number);

/* Milliseconds since the first call, which starts the timer; wraps after 49 days. */
uint32_t tml_millis(void);

/* The distance from zero. */
static inline float tml_abs(float x)
{
    return __builtin_fabsf(x);
}

/* The smaller one; `b` if either is not a number. */
static inline float tml_min(float a, float b)
{
    return a < b ? a : b;
}

/* The larger one; `b` if either is not a number. */
static inline float tml_max(float a, float b)
{
    return a > b ? a : b;
}

/* The square root, correctly rounded (IEEE 754), so it is the same on every board and on the host; not a number below
 * zero. */
static inline float tml_sqrt(float x)
{
#if defined(__ARM_FP) && (__ARM_FP & 4)
    float root;
    __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
    return root;
#else
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 23 & 0xffu);
    uint32_t mantissa = bits & 0x7fffffu;
    if ((bits & 0x7fffffffu) == 0 || (exponent == 255 && (mantissa != 0 || bits >> 31 == 0)))
        return x;
    if (bits >> 31 != 0) {
        bits = 0x7fc00000u;
        __builtin_memcpy(&x, &bits, sizeof x);
        return x;
    }
    if (exponent == 0) {
        for (exponent = 1; (mantissa & 0x800000u) == 0; exponent--)
            mantissa <<= 1;
    }
    mantissa |= 0x800000u;
    exponent -= 127;
    if (exponent & 1) {
        mantissa <<= 1;
        exponent -= 1;
    }
    /* 25 bits of the root of mantissa * 2^25, one at a time; the last one rounds. A tie would need an odd square that is
     * even, so there is none. */
    uint64_t rest = (uint64_t)mantissa << 25;
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 48; bit != 0; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    bits = ((uint32_t)(exponent / 2 + 126) << 23) + (uint32_t)((root + 1) >> 1);
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
#endif
}

#endif

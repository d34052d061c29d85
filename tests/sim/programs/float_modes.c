#include "support.h"
/* The FPU's modes: every rounding, flush to zero, default NaN, sticky flags. Needs an FPU. */
static volatile float inputs[] = {1.0f, 3.0f, 1e-38f, 1e-45f, 3.4e38f, -7.0f, 0.1f, 16777217.0f, -1e-39f, 0.0f};
static void set(uint32_t mode) { __asm__ volatile("vmsr fpscr, %0" : : "r"(mode) : "memory"); }
static uint32_t get(void) { uint32_t mode; __asm__ volatile("vmrs %0, fpscr" : "=r"(mode) : : "memory"); return mode; }

int program(void) {
    for (uint32_t mode = 0; mode < 16; mode++) {
        for (int i = 0; i < 10; i++) for (int j = 0; j < 10; j++) {
            set(mode << 22);
            volatile float a = inputs[i], b = inputs[j], sum = a + b, product = a * b, quotient = a / b, fused = __builtin_fmaf(a, b, sum);
            volatile float root = __builtin_sqrtf(a);
            uint32_t flags = get();
            volatile int32_t whole = (int32_t)product;
            volatile float back = (float)(int32_t)(0x7fffff7f + i);
            mix_float(sum), mix_float(product), mix_float(quotient), mix_float(fused), mix_float(root), mix(flags), mix((uint32_t)whole), mix_float(back), mix(get());
            mix((uint32_t)(a < b) | (uint32_t)(quotient == quotient) << 1);
        }
        if (mode % 5 == 0) say_hex(get());
    }
    set(0);
    return 0;
}

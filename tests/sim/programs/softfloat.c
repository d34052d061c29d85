#include "support.h"
/* Float and double arithmetic: library code on cores without an FPU. */
static volatile float floats[8] = {0.5f, -1.25f, 3.0e10f, 1.0e-20f, 7.0f, -0.0f, 123456.789f, 1.0e-40f};
static volatile double doubles[6] = {0.1, -2.5e100, 3.0, 1e-300, 123456789.123, -0.0};

int program(void) {
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) {
            float a = floats[i], b = floats[j];
            mix_float(a + b), mix_float(a - b), mix_float(a * b), mix((uint32_t)(a < b) | (uint32_t)(a == b) << 1);
            if (b != 0) mix_float(a / b);
        }
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            double a = doubles[i], b = doubles[j];
            mix_double(a + b), mix_double(a - b), mix_double(a * b), mix((uint32_t)(a >= b));
            if (b != 0) mix_double(a / b);
        }
    for (int i = 0; i < 40; i++) {
        int32_t word = (int32_t)random_word();
        mix_float((float)word), mix_double((double)word), mix_float((float)(uint32_t)word);
        mix((uint32_t)(int32_t)((float)word * 0.25f)), mix((uint32_t)(int64_t)((double)word * 1000.0));
        mix_double((double)(float)word), mix_float((float)((double)word / 3.0));
    }
    return 0;
}

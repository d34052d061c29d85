/* Functions that call, inline and loop, for lines and profiles. */
#include "start.h"

static int8_t weights[64];
static volatile int32_t sink;

static inline int32_t product(const int8_t *a, const int8_t *b, int count) {
    int32_t sum = 0;
    for (int at = 0; at < count; at++)
        sum += a[at] * b[at];
    return sum;
}

__attribute__((noinline)) static int32_t layer(const int8_t *input, int rows) {
    int32_t best = -1000000;
    for (int row = 0; row < rows; row++) {
        int32_t value = product(input, weights + row, 32);
        if (value > best)
            best = value;
    }
    return best;
}

__attribute__((noinline)) static int32_t model(const int8_t *input) {
    int32_t first = layer(input, 32);
    int32_t second = layer(input + 16, 16);
    return first + second;
}

__attribute__((noinline)) static uint32_t fibonacci(uint32_t n) {
    if (n < 2)
        return n;
    return fibonacci(n - 1) + fibonacci(n - 2);
}

int program(void) {
    for (int at = 0; at < 64; at++)
        weights[at] = (int8_t)(at * 7 - 100);
    for (int run = 0; run < 3; run++)
        sink += model(weights + run);
    say_number(fibonacci(10));
    say("\n");
    return 0;
}

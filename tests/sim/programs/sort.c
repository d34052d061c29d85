#include "support.h"
/* Quicksort through a function pointer, heap sort, binary search, recursion. */
typedef int (*compare)(const void *, const void *);
static int by_value(const void *a, const void *b) { return (*(const int32_t *)a > *(const int32_t *)b) - (*(const int32_t *)a < *(const int32_t *)b); }
static int by_low_byte(const void *a, const void *b) { return (int)(*(const uint8_t *)a) - (int)(*(const uint8_t *)b); }

static void quicksort(int32_t *words, int low, int high, compare by) {
    if (low >= high) return;
    int32_t pivot = words[(low + high) / 2];
    int i = low, j = high;
    while (i <= j) {
        while (by(&words[i], &pivot) < 0) i++;
        while (by(&words[j], &pivot) > 0) j--;
        if (i <= j) {
            int32_t held = words[i];
            words[i++] = words[j];
            words[j--] = held;
        }
    }
    quicksort(words, low, j, by);
    quicksort(words, i, high, by);
}

static uint32_t ackermann(uint32_t m, uint32_t n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }

int program(void) {
    static int32_t words[150];
    compare orders[2] = {by_value, by_low_byte};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 150; i++) words[i] = (int32_t)random_word();
        quicksort(words, 0, 149, orders[round]);
        for (int i = 0; i < 150; i++) mix((uint32_t)words[i]);
    }
    mix(ackermann(2, 5));
    return 0;
}

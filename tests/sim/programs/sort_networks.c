#include "support.h"
/* Sorting without quicksort: a bitonic network without branches, Shell, heap, radix, merge from the bottom, insertion of structures. */
static int32_t words[64], spare[64];
struct record { uint16_t key; uint8_t tag[3]; };
static void compare_and_swap(int32_t *a, int32_t *b) {
    int32_t low = *a < *b ? *a : *b, high = *a < *b ? *b : *a;
    *a = low, *b = high;
}
static void bitonic(void) {
    for (unsigned size = 2; size <= 64; size *= 2) for (unsigned step = size / 2; step; step /= 2) for (unsigned i = 0; i < 64; i++) {
        unsigned other = i ^ step;
        if (other > i) { if (i & size) compare_and_swap(&words[other], &words[i]); else compare_and_swap(&words[i], &words[other]); }
    }
}
static void shell(void) {
    for (int gap = 40; gap; gap = gap == 2 ? 1 : gap * 5 / 11) for (int i = gap; i < 64; i++) {
        int32_t held = words[i];
        int j = i;
        for (; j >= gap && words[j - gap] > held; j -= gap) words[j] = words[j - gap];
        words[j] = held;
    }
}
static void sift(int at, int count) {
    for (int child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && words[child + 1] > words[child]) child++;
        if (words[at] >= words[child]) return;
        int32_t held = words[at];
        words[at] = words[child], words[child] = held;
    }
}
static void heap(void) {
    for (int i = 31; i >= 0; i--) sift(i, 64);
    for (int i = 63; i > 0; i--) { int32_t held = words[0]; words[0] = words[i]; words[i] = held; sift(0, i); }
}
static void radix(void) {
    for (int shift = 0; shift < 32; shift += 8) {
        uint8_t counts[257] = {0};
        for (int i = 0; i < 64; i++) counts[(((uint32_t)words[i] ^ 0x80000000) >> shift & 255) + 1]++;
        for (int i = 0; i < 256; i++) counts[i + 1] = (uint8_t)(counts[i + 1] + counts[i]);
        for (int i = 0; i < 64; i++) spare[counts[((uint32_t)words[i] ^ 0x80000000) >> shift & 255]++] = words[i];
        __builtin_memcpy(words, spare, sizeof words);
    }
}
static void merge(void) {
    for (int width = 1; width < 64; width *= 2) {
        for (int start = 0; start < 64; start += 2 * width)
            for (int k = start, i = start, j = start + width; k < start + 2 * width; k++)
                spare[k] = j >= start + 2 * width || (i < start + width && words[i] <= words[j]) ? words[i++] : words[j++];
        __builtin_memcpy(words, spare, sizeof words);
    }
}

int program(void) {
    static void (*const ways[])(void) = {bitonic, shell, heap, radix, merge};
    int wrong = 0;
    for (int way = 0; way < 5; way++) {
        uint32_t sum = 0;
        for (int i = 0; i < 64; i++) words[i] = (int32_t)random_word() >> (way * 3), sum += (uint32_t)words[i];
        ways[way]();
        for (int i = 0; i < 64; i++) mix((uint32_t)words[i]), sum -= (uint32_t)words[i], wrong += i && words[i - 1] > words[i];
        wrong += sum != 0;
    }
    struct record records[20];
    for (int i = 0; i < 20; i++) {
        struct record fresh = {(uint16_t)(random_word() & 31), {(uint8_t)i, 1, 2}};
        int j = i;
        for (; j && records[j - 1].key > fresh.key; j--) records[j] = records[j - 1];
        records[j] = fresh;
    }
    for (int i = 0; i < 20; i++) mix((uint32_t)records[i].key << 8 | records[i].tag[0]);
    say_hex((uint32_t)wrong);
    return wrong;
}

#include "support.h"
/* Atomic operations of every width: exclusive loads and stores, a spin lock, a ring for one writer and one reader. Needs exclusives. */
static uint8_t byte = 250;
static uint16_t half = 0xfff0;
static uint32_t word = 7, lock, ring[8], head, tail;
static int32_t low = 100;

static void acquire(void) {
    uint32_t free = 0;
    while (!__atomic_compare_exchange_n(&lock, &free, 1, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) free = 0;
}
static void release(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }
static int push(uint32_t value) {
    uint32_t at = __atomic_load_n(&tail, __ATOMIC_RELAXED);
    if (at - __atomic_load_n(&head, __ATOMIC_ACQUIRE) == 8) return 0;
    ring[at & 7] = value;
    __atomic_store_n(&tail, at + 1, __ATOMIC_RELEASE);
    return 1;
}
static int pop(uint32_t *value) {
    uint32_t at = __atomic_load_n(&head, __ATOMIC_RELAXED);
    if (at == __atomic_load_n(&tail, __ATOMIC_ACQUIRE)) return 0;
    *value = ring[at & 7];
    __atomic_store_n(&head, at + 1, __ATOMIC_RELEASE);
    return 1;
}
static void lowest(int32_t value) {
    int32_t seen = __atomic_load_n(&low, __ATOMIC_SEQ_CST);
    while (value < seen && !__atomic_compare_exchange_n(&low, &seen, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
}

int program(void) {
    for (int i = 0; i < 50; i++) {
        uint32_t x = random_word(), taken = 0;
        mix(__atomic_fetch_add(&byte, (uint8_t)x, __ATOMIC_SEQ_CST)), mix(__atomic_fetch_sub(&half, (uint16_t)x, __ATOMIC_RELAXED)), mix(__atomic_fetch_xor(&word, x, __ATOMIC_ACQ_REL));
        mix(__atomic_exchange_n(&half, (uint16_t)(x >> 5), __ATOMIC_SEQ_CST)), mix(__atomic_or_fetch(&byte, 1, __ATOMIC_SEQ_CST)), mix(__atomic_and_fetch(&word, ~1u, __ATOMIC_SEQ_CST));
        mix(__atomic_fetch_nand(&word, x | 0xff, __ATOMIC_SEQ_CST)), mix(__atomic_test_and_set(&byte, __ATOMIC_SEQ_CST));
        acquire(), word += 3, release();
        lowest((int32_t)x >> 8);
        mix((uint32_t)push(x)), mix((uint32_t)push(~x));
        if (i % 3) mix((uint32_t)pop(&taken)), mix(taken), mix((uint32_t)pop(&taken)), mix(taken);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    say_hex(word), say_hex((uint32_t)low);
    return 0;
}

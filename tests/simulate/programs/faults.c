/* Faults to order: FAULT names one. */
#include "start.h"

__attribute__((noinline)) static void store(volatile uint32_t *place, uint32_t value) {
    *place = value; /* the store */
}

__attribute__((noinline)) static uint32_t load(const volatile uint32_t *place) {
    return *place; /* the load */
}

__attribute__((noinline)) static int recurse(int depth) {
    volatile char room[64];
    room[depth % 64] = 1;
    return recurse(depth + 1) + room[0]; /* the call */
}

int program(void) {
    static const uint32_t constant = 7;
    static uint32_t data[4] = {0x4770, 0x4770, 0, 0};
#if FAULT == 1
    store((volatile uint32_t *)&constant, 1);
#elif FAULT == 2
    store((volatile uint32_t *)0x90000000, 1);
#elif FAULT == 3
    load((volatile uint32_t *)0x90000000);
#elif FAULT == 4
    recurse(0);
#elif FAULT == 5
    ((void (*)(void))((uint32_t)data | 1))();
#elif FAULT == 6
    __asm__ volatile(".short 0xde00"); /* the opcode */
#elif FAULT == 7
    for (;;) __asm__ volatile("");
#elif FAULT == 8
    *(volatile uint32_t *)0xe000ed14 |= 16;
    return (int)(data[0] / *(volatile uint32_t *)&data[2]); /* the division */
#endif
    return (int)(constant + data[0]);
}

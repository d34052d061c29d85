#include "support.h"
/* Everything that a program does wrong: one function each; the line with the name in a comment is the one to be told. */
#define APART __attribute__((noinline, used))
uint8_t buffer[16];
static uint32_t data[4] = {0xe7fee7fe, 1, 2, 3};

APART void store_byte(uint8_t *to, uint32_t index) {
    to[index] = 7; /* store_byte */
}
APART void store_word(volatile uint32_t *to, uint32_t value) {
    *to = value; /* store_word */
}
APART uint32_t load_word(volatile uint32_t *from) {
    uint32_t value = *from; /* load_word */
    return value * 3;
}
APART uint32_t outer(volatile uint32_t *from) {
    uint32_t before = data[1];
    return load_word(from) + before; /* outer */
}
APART uint32_t recurse(volatile uint32_t *above) {
    volatile uint32_t here[8];
    here[0] = *above + 1; /* recurse */
    return recurse(here) + here[0];
}
APART void jump_into_data(void) {
    /* Odd, as Thumb code's addresses are; RISC-V clears the bit. */
    void (*volatile code)(void) = (void (*)(void))((uintptr_t)data | 1);
    code(); /* jump_into_data */
    data[1]++;
}
APART int32_t divide(int32_t a, int32_t b) {
#if defined(__arm__) && !defined(__ARM_ARCH_6M__)
    *(volatile uint32_t *)0xe000ed14 |= 1u << 4; /* CCR.DIV_0_TRP */
    /* Not before that. */
    __asm__ volatile("" : "+r"(a) : : "memory");
#endif
    volatile int32_t quotient = a / b; return quotient; /* divide */
}
APART void undefined(void) {
#ifdef __arm__
    __asm__ volatile(".inst.n 0xde42"); /* undefined */
#else
    __asm__ volatile("c.unimp"); /* undefined */
#endif
}
APART void load_two(uint32_t *from) {
#ifdef __arm__
    __asm__ volatile("ldmia %0!, {r2, r3}" : "+l"(from) : : "r2", "r3"); /* load_two */
#else
    __asm__ volatile("lw t0, 0(%0)" : : "r"(from) : "t0"); /* load_two */
#endif
}
APART void spin(void) {
    for (;;) __asm__ volatile("nop"); /* spin */
}

int program(void) {
    void *volatile all[] = {(void *)store_byte, (void *)store_word, (void *)outer, (void *)recurse, (void *)jump_into_data, (void *)divide, (void *)undefined, (void *)load_two, (void *)spin, buffer};
    return all[0] == all[1];
}

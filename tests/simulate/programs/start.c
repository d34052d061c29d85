#include "start.h"

extern uint32_t _stack_top, _data_start, _data_end, _data_load, _bss_start, _bss_end;
void Reset_Handler(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {&_stack_top, (const void *)Reset_Handler};

uint32_t call(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void say(const char *text) { call(4, text); }

void say_number(uint32_t value) {
    char text[12];
    int at = 11;
    text[at] = 0;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    say(text + at);
}

__attribute__((used)) void Reset_Handler(void) {
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xe000ed88 |= 15u << 20;
#endif
    for (uint32_t *to = &_data_start, *from = &_data_load; to < &_data_end;) *(volatile uint32_t *)to++ = *from++;
    for (uint32_t *word = &_bss_start; word < &_bss_end; word++) *(volatile uint32_t *)word = 0;
    uint32_t block[2] = {0x20026, (uint32_t)program()};
    call(0x20, block);
    for (;;) {}
}

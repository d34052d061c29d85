#include "support.h"

extern uint32_t _stack_top, _data_start, _data_end, _data_load, _bss_start, _bss_end;
void Reset_Handler(void);

#ifdef __arm__
__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {&_stack_top, (const void *)Reset_Handler};
#else
/* A RISC-V core starts at the first address of its memory. */
__asm__(".section .vectors, \"ax\"\n.global start\n.type start, @function\nstart:\nla sp, _stack_top\nj Reset_Handler\n.size start, . - start\n.text");
#endif

static uint32_t hash = 0x811c9dc5;
static uint32_t seed = 0x12345678;

static uint32_t call(uint32_t operation, const void *argument) {
#ifdef __arm__
    register uint32_t result __asm__("r0") = operation;
    register const void *block __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(result) : "r"(block) : "memory");
#else
    register uint32_t result __asm__("a0") = operation;
    register const void *block __asm__("a1") = argument;
    __asm__ volatile(".balign 16\n.option push\n.option norvc\nslli x0, x0, 31\nebreak\nsrai x0, x0, 7\n.option pop" : "+r"(result) : "r"(block) : "memory");
#endif
    return result;
}

void say(const char *text) { call(4, text); }

void say_hex(uint32_t value) {
    char text[10];
    for (int at = 0; at < 8; at++) text[at] = "0123456789abcdef"[value >> (28 - 4 * at) & 15];
    text[8] = '\n';
    text[9] = 0;
    say(text);
}

void mix(uint32_t value) { hash = (hash ^ value) * 0x01000193; hash ^= hash >> 15; }

void mix_float(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    mix(bits);
}

void mix_double(double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, 8);
    mix((uint32_t)bits);
    mix((uint32_t)(bits >> 32));
}

uint32_t random_word(void) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

void *copy(void *to, const void *from, size_t count) {
    uint8_t *t = to;
    const uint8_t *f = from;
    while (count--) *t++ = *f++;
    return to;
}

__attribute__((weak)) void *memcpy(void *to, const void *from, size_t count) { return copy(to, from, count); }

__attribute__((weak)) void *memmove(void *to, const void *from, size_t count) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t < f) return copy(to, from, count);
    while (count--) t[count] = f[count];
    return to;
}

__attribute__((weak)) void *memset(void *to, int value, size_t count) {
    uint8_t *t = to;
    while (count--) *t++ = (uint8_t)value;
    return to;
}

#if defined(__arm__) && defined(__clang__)
/* What clang calls instead, by Arm's run-time ABI (RTABI32, 4.3.4); zig has its own. */
#define ALIAS(name, of) __attribute__((weak, alias(#of))) void *name(void *, const void *, size_t)
ALIAS(__aeabi_memcpy, memcpy); ALIAS(__aeabi_memcpy4, memcpy); ALIAS(__aeabi_memcpy8, memcpy);
ALIAS(__aeabi_memmove, memmove); ALIAS(__aeabi_memmove4, memmove); ALIAS(__aeabi_memmove8, memmove);
__attribute__((weak)) void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
__attribute__((weak)) void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
__attribute__((weak, alias("__aeabi_memset"))) void __aeabi_memset4(void *, size_t, int);
__attribute__((weak, alias("__aeabi_memset"))) void __aeabi_memset8(void *, size_t, int);
__attribute__((weak, alias("__aeabi_memclr"))) void __aeabi_memclr4(void *, size_t);
__attribute__((weak, alias("__aeabi_memclr"))) void __aeabi_memclr8(void *, size_t);
#endif

__attribute__((used)) void Reset_Handler(void) {
#ifdef __ARM_FP
    *(volatile uint32_t *)0xe000ed88 |= 15u << 20;
    __asm__ volatile("dsb\nisb");
#endif
    copy(&_data_start, &_data_load, (size_t)((uint8_t *)&_data_end - (uint8_t *)&_data_start));
    for (uint32_t *word = &_bss_start; word < &_bss_end; word++) *(volatile uint32_t *)word = 0;
    int status = program();
    say_hex(hash);
    say_hex((uint32_t)status);
    call(0x18, (void *)0x20026);
    for (;;) {}
}

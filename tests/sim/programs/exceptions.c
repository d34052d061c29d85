/* Exceptions of every kind that a program can cause by itself. It logs a letter for whatever happens, in order. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define ISER REG(0xe000e100)
#define ICER REG(0xe000e180)
#define ISPR REG(0xe000e200)
#define ICPR REG(0xe000e280)
#define ICSR REG(0xe000ed04)
#define AIRCR REG(0xe000ed0c)
#define SHPR2 REG(0xe000ed1c)
#define SHPR3 REG(0xe000ed20)
#define SYNC __asm__ volatile("dsb\n\tisb" ::: "memory")

extern uint32_t _stack_top, _data_start, _data_end, _data_load, _bss_start, _bss_end;
static char text[600];
static volatile uint32_t used, ticks, turn;
static volatile uint32_t scenario;

static uint32_t call(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void note(char c) { if (used < sizeof text - 2) text[used++] = c; }
static void note_hex(uint32_t value) { note("0123456789abcdef"[value & 15]); }

static void priority(uint32_t irq, uint32_t value) {
    volatile uint32_t *word = &REG(0xe000e400 + (irq & ~3u));
    uint32_t shift = irq % 4 * 8;
    *word = (*word & ~(0xffu << shift)) | value << shift;
}

static uint32_t ipsr(void) { uint32_t value; __asm__ volatile("mrs %0, ipsr" : "=r"(value)); return value; }

__attribute__((used)) void served(uint32_t *frame, uint32_t back) {
    note('S');
    note_hex(((uint8_t *)frame[6])[-2]);
    /* QEMU's M33 is in Secure state, which the lowest bit tells. */
    note_hex(back | 1);
    note_hex(frame[7] >> 9 & 1);
    note_hex((uint32_t)frame >> 2 & 1);
    note_hex(ipsr());
    frame[0] = frame[0] + 1;
}

__attribute__((naked)) void SVC_Handler(void) {
    __asm__ volatile(".syntax unified\n\tmov r0, lr\n\tmovs r1, #4\n\ttst r0, r1\n\tbeq 1f\n\tmrs r0, psp\n\tb 2f\n1: mrs r0, msp\n"
                     "2: mov r1, lr\n\tpush {r2, lr}\n\tbl served\n\tpop {r2, pc}");
}

void SysTick_Handler(void) { ticks++; }

void IRQ0_Handler(void) {
    note('a');
    note_hex(ipsr());
    if (scenario == 1) {
        ISPR = 1u << 1;
        SYNC;
        note('+');
        ISPR = 1u << 2;
        SYNC;
        note('-');
    }
    if (scenario == 2) {
        note_hex(ICSR >> 11);
        note_hex(ICSR);
        note_hex(REG(0xe000e300));
        ISPR = 1u << 0;
        SYNC;
        scenario = 0;
    }
    note('A');
}

void IRQ1_Handler(void) {
    note('b');
    if (scenario == 2) note_hex(ICSR >> 11);
#ifdef __ARM_FP
    if (scenario == 3) {
        __asm__ volatile("vmov s0, %0\n\tvmov s7, %0\n\tvmov s15, %0\n\tvmsr fpscr, %1" ::"r"(0x55), "r"(0x03c00000) : "s0", "s7", "s15");
        note('f');
    }
#endif
    note('B');
}

void IRQ2_Handler(void) { note('c'); note('C'); }

#ifndef __ARM_ARCH_6M__
static uint32_t stacks[2][128];
static uint32_t *saved[2];

__attribute__((used)) uint32_t *other(uint32_t *pointer) {
    saved[turn] = pointer;
    turn ^= 1;
    note(turn ? '>' : '<');
    return saved[turn];
}

/* Saves the registers that the hardware doesn't, and goes to the other task. */
__attribute__((naked)) void PendSV_Handler(void) {
    __asm__ volatile("mrs r0, psp\n\tstmdb r0!, {r4-r11, lr}\n\tbl other\n\tldmia r0!, {r4-r11, lr}\n\tmsr psp, r0\n\tbx lr");
}

static void task(void) {
    for (;;) {
        note('t');
        ICSR = 1u << 28;
        SYNC;
    }
}

static void tasks(void) {
    uint32_t *frame = &stacks[1][128 - 17];
    frame[8] = 0xfffffffd;
    frame[9 + 6] = (uint32_t)task;
    frame[9 + 7] = 1u << 24;
    saved[1] = frame;
    __asm__ volatile("msr psp, %0\n\tmovs r0, #2\n\tmsr control, r0\n\tisb" ::"r"(&stacks[0][128]) : "r0", "memory");
    for (int round = 0; round < 3; round++) {
        note('m');
        __asm__ volatile("svc 5" ::: "memory");
        ICSR = 1u << 28;
        SYNC;
    }
    __asm__ volatile("movs r0, #0\n\tmsr control, r0\n\tisb" ::: "r0", "memory");
    note('\n');
}
#else
void PendSV_Handler(void) { note('p'); }
#endif

static void calls(void) {
    register uint32_t r0 __asm__("r0") = 7;
    __asm__ volatile("svc 3" : "+r"(r0)::"memory");
    note_hex(r0);
    register uint32_t again __asm__("r0") = 1;
    __asm__ volatile("sub sp, #4\n\tsvc 4\n\tadd sp, #4" : "+r"(again)::"memory");
    note_hex(again);
    uint32_t flags;
    __asm__ volatile(".syntax unified\n\tmovs r0, #0\n\tsubs r0, #1\n\tsvc 1\n\tmrs %0, apsr" : "=r"(flags)::"r0", "memory", "cc");
    note_hex(flags >> 28);
    note('\n');
}

static void nesting(void) {
    priority(0, 0x80);
    priority(1, 0x40);
    priority(2, 0xc0);
    ISER = 7;
    note_hex(ISER);
    scenario = 1;
    ISPR = 1;
    SYNC;
    scenario = 2;
    ISPR = 1;
    SYNC;
    __asm__ volatile("cpsid i" ::: "memory");
    ISPR = 6;
    SYNC;
    note_hex(ISPR);
    ICPR = 4;
    note_hex(ICPR);
    note('i');
    __asm__ volatile("cpsie i\n\tisb" ::: "memory");
    ICER = 2;
    ISPR = 2;
    SYNC;
    note('d');
    ISER = 2;
    SYNC;
    /* Equal priorities: the lower number first. */
    priority(2, 0x80);
    __asm__ volatile("cpsid i" ::: "memory");
    ISPR = 7;
    __asm__ volatile("cpsie i\n\tisb" ::: "memory");
    note('\n');
}

#ifndef __ARM_ARCH_6M__
static void masks(void) {
    priority(2, 0xc0);
    __asm__ volatile("msr basepri, %0" ::"r"(0x80) : "memory");
    ISPR = 7;
    SYNC;
    note('k');
    __asm__ volatile("msr basepri_max, %0" ::"r"(0xc0) : "memory");
    SYNC;
    note('l');
    __asm__ volatile("msr basepri, %0" ::"r"(0) : "memory");
    SYNC;
    __asm__ volatile("cpsid f" ::: "memory");
    ISPR = 2;
    SYNC;
    note('m');
    __asm__ volatile("cpsie f\n\tisb" ::: "memory");
    /* The lower bits don't preempt: IRQ1 waits for IRQ0. */
    AIRCR = 0x05fa0600;
    priority(0, 0x60);
    priority(1, 0x40);
    scenario = 1;
    ISPR = 1;
    SYNC;
    AIRCR = 0x05fa0000;
    REG(0xe000ef00) = 2;
    SYNC;
    note('\n');
}
#endif

#ifdef __ARM_FP
static void floats(void) {
    uint32_t s0, s7, s15, s20, fpscr;
    scenario = 3;
    __asm__ volatile("vmov s0, %5\n\tvmov s7, %5\n\tvmov s15, %5\n\tvmov s20, %5\n\tvmsr fpscr, %6\n\tstr %7, [%8]\n\tdsb\n\tisb\n\t"
                     "vmov %0, s0\n\tvmov %1, s7\n\tvmov %2, s15\n\tvmov %3, s20\n\tvmrs %4, fpscr"
                     : "=&r"(s0), "=&r"(s7), "=&r"(s15), "=&r"(s20), "=&r"(fpscr)
                     : "r"(0x1234567), "r"(0x00800011), "r"(2), "r"(0xe000e200)
                     : "s0", "s7", "s15", "s20", "memory");
    note(s0 == 0x1234567 && s7 == s0 && s15 == s0 && s20 == s0 ? 'y' : 'n');
    note(fpscr == 0x00800011 ? 'y' : 'n');
    uint32_t control;
    __asm__ volatile("mrs %0, control" : "=r"(control));
    note_hex(control & 7);
    __asm__ volatile("vmsr fpscr, %0" ::"r"(0));
    __asm__ volatile("svc 2" ::: "memory");
    note('\n');
}
#endif

static void waits(void) {
    REG(0xe000e014) = 999;
    REG(0xe000e018) = 0;
    REG(0xe000e010) = 7;
    while (ticks < 3) __asm__ volatile("wfi" ::: "memory");
    __asm__ volatile("cpsid i\n\twfi" ::: "memory");
    note(ICSR >> 26 & 1 ? 'w' : 'x');
    __asm__ volatile("cpsie i" ::: "memory");
    REG(0xe000e010) = 0;
    ICSR = 1u << 25;
    __asm__ volatile("sev\n\twfe" ::: "memory");
    note('W');
    note('\n');
}

static void start(void);

/* Apart from the rest, which may use floats anywhere. */
__attribute__((used)) void Reset_Handler(void) {
    const uint32_t *from = &_data_load;
    for (uint32_t *to = &_data_start; to < &_data_end; to++) *to = *from++;
    for (uint32_t *to = &_bss_start; to < &_bss_end; to++) *(volatile uint32_t *)to = 0;
#ifdef __ARM_FP
    REG(0xe000ed88) |= 15u << 20;
    SYNC;
#endif
    start();
}

__attribute__((noinline)) static void start(void) {
    SHPR3 = 0xc0u << 24 | 0xf0u << 16;
    note_hex(SHPR3 >> 28);
    note_hex(SHPR3 >> 22);
    calls();
    nesting();
#ifndef __ARM_ARCH_6M__
    masks();
    tasks();
#else
    ICSR = 1u << 28;
    SYNC;
#endif
#ifdef __ARM_FP
    floats();
#endif
    waits();
    text[used] = 0;
    call(4, text);
    call(0x18, (void *)0x20026);
    for (;;) {}
}

void stop(void) { for (;;) {} }

__attribute__((section(".vectors"), used)) static const void *const vectors[19] = {
    &_stack_top, (const void *)Reset_Handler, stop, stop, stop, stop, stop, 0, 0, 0, 0, (const void *)SVC_Handler, stop, 0,
    (const void *)PendSV_Handler, (const void *)SysTick_Handler,
    (const void *)IRQ0_Handler, (const void *)IRQ1_Handler, (const void *)IRQ2_Handler,
};

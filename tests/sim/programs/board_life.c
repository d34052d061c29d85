#include "support.h"
/* What only our board shows: an RTT buffer that wraps around, and a recursion without end. */
struct buffer { const char *name; char *bytes; uint32_t size, write, read, flags; };
static char bytes[8];
struct { char id[16]; int32_t up, down; struct buffer ups[1]; } _SEGGER_RTT = {"SEGGER RTT", 1, 0, {{"Terminal", bytes, 8, 6, 6, 0}}};

__attribute__((noinline)) void print(const char *text) {
    struct buffer *up = &_SEGGER_RTT.ups[0];
    for (; *text; text++) {
        bytes[up->write] = *text;
        up->write = (up->write + 1) % up->size;
    }
}

__attribute__((noinline)) uint32_t recurse(volatile uint32_t *above) {
    volatile uint32_t here[8] = {*above + 1};
    return recurse(here) + here[0];
}

__attribute__((noinline)) void wait(void) { __asm__ volatile("" ::: "memory"); }

int program(void) {
    volatile uint32_t start = 0;
    print("hello");
    wait();
    print("you");
    wait();
    return (int)recurse(&start);
}

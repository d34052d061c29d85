#include "support.h"
/* An interpreter with a computed goto: arithmetic, jumps, calls, memory; it runs calls, a factorial and a sum over memory. */
enum { PUSH, ADD, SUB, MUL, LESS, JUMP, BRANCH, LOAD, STORE, DUP, DROP, SWAP, CALL, RETURN, SAY, STOP, OPERATIONS };
static int32_t memory[64];
static uint32_t executed;
static int32_t run(const int8_t *code) {
    static const void *const labels[OPERATIONS] = {&&push, &&add, &&sub, &&mul, &&less, &&jump, &&branch, &&load, &&store, &&dup, &&drop, &&swap, &&call, &&back, &&out, &&stop};
    int32_t stack[24], *top = stack, calls[8], depth = 0, held;
    const int8_t *at = code;
#define NEXT do { executed++; goto *labels[*at++]; } while (0)
    NEXT;
push: *++top = *at++; NEXT;
add: top--, *top = (int32_t)((uint32_t)*top + (uint32_t)top[1]); NEXT;
sub: top--, *top = (int32_t)((uint32_t)*top - (uint32_t)top[1]); NEXT;
mul: top--, *top = (int32_t)((uint32_t)*top * (uint32_t)top[1]); NEXT;
less: top--, *top = *top < top[1]; NEXT;
jump: at = code + (uint8_t)*at; NEXT;
branch: at = *top-- ? code + (uint8_t)*at : at + 1; NEXT;
load: *top = memory[*top & 63]; NEXT;
store: memory[*top & 63] = top[-1], top -= 2; NEXT;
dup: top[1] = *top, top++; NEXT;
drop: top--; NEXT;
swap: held = *top, *top = top[-1], top[-1] = held; NEXT;
call: calls[depth++ & 7] = (int32_t)(at + 1 - code), at = code + (uint8_t)*at; NEXT;
back: at = code + calls[--depth & 7]; NEXT;
out: mix((uint32_t)*top); NEXT;
stop: return *top;
}
/* A function that calls another, of two numbers. */
static const int8_t calls[] = {PUSH, 5, CALL, 12, SAY, PUSH, 3, CALL, 12, ADD, JUMP, 20, DUP, CALL, 17, ADD, RETURN, DUP, MUL, RETURN, DUP, DROP, STOP};
/* A factorial in a loop: memory[0] counts down, memory[1] gathers. */
static const int8_t factorial[] = {PUSH, 9, PUSH, 0, STORE, PUSH, 1, PUSH, 1, STORE, PUSH, 1, LOAD, PUSH, 0, LOAD, MUL, SAY, PUSH, 1, STORE, PUSH, 0, LOAD, PUSH, 1, SUB, DUP, PUSH, 0, STORE, BRANCH, 10, PUSH, 1, LOAD, STOP};
/* The sum of memory[8] to memory[40], backwards: memory[42] is where, memory[41] gathers. */
static const int8_t sums[] = {PUSH, 42, LOAD, LOAD, PUSH, 41, LOAD, ADD, SAY, PUSH, 41, STORE, PUSH, 42, LOAD, PUSH, 1, SUB, DUP, PUSH, 42, STORE, PUSH, 7, SWAP, LESS, BRANCH, 0, PUSH, 41, LOAD, STOP};

int program(void) {
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 64; i++) memory[i] = (int32_t)(random_word() >> 8);
        mix((uint32_t)run(factorial));
        memory[41] = 0, memory[42] = 40;
        mix((uint32_t)run(sums));
        mix((uint32_t)run(calls));
        for (int i = 0; i < 64; i++) mix((uint32_t)memory[i]);
    }
    say_hex(executed);
    return 0;
}

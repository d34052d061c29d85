#include "support.h"
/* Function pointers: objects with methods, a table of operations, a filter chain, callbacks with a context, an event queue. */
struct shape { const struct methods *methods; int32_t a, b; };
struct methods { int32_t (*area)(const struct shape *); void (*grow)(struct shape *, int32_t); const char *name; };
static int32_t square_area(const struct shape *s) { return s->a * s->a; }
static int32_t box_area(const struct shape *s) { return s->a * s->b; }
static int32_t ring_area(const struct shape *s) { return 355 * (s->a * s->a - s->b * s->b) / 113; }
static void grow_one(struct shape *s, int32_t by) { s->a += by; }
static void grow_both(struct shape *s, int32_t by) { s->a += by, s->b += 2 * by; }
static const struct methods square = {square_area, grow_one, "square "}, box = {box_area, grow_both, "box "}, ring = {ring_area, grow_one, "ring "};

static int32_t add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
static int32_t subtract(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }
static int32_t multiply(int32_t a, int32_t b) { return (int32_t)((uint32_t)a * (uint32_t)b); }
static int32_t divide(int32_t a, int32_t b) { return b > 0 ? a / b : a; }
static int32_t exclusive(int32_t a, int32_t b) { return a ^ b; }
static int32_t (*const operations[])(int32_t, int32_t) = {add, subtract, multiply, divide, exclusive};

struct event { void (*handler)(void *, uint32_t); void *context; uint32_t value; };
static struct event queue[16];
static uint32_t head, tail;
static void post(void (*handler)(void *, uint32_t), void *context, uint32_t value) { queue[tail++ & 15] = (struct event){handler, context, value}; }
static void count(void *context, uint32_t value) { *(uint32_t *)context += value; }
static void split(void *context, uint32_t value) {
    if (value < 2) { count(context, value * 7); return; }
    post(split, context, value / 2), post(value & 1 ? count : split, context, value / 3);
}
static void each(const int32_t *values, int size, void (*visit)(void *, uint32_t), void *context) { while (size--) visit(context, (uint32_t)*values++); }

int program(void) {
    struct shape shapes[] = {{&square, 3, 0}, {&box, 2, 5}, {&ring, 9, 4}};
    int32_t values[12], result = 1;
    for (int i = 0; i < 30; i++) {
        struct shape *one = &shapes[random_word() % 3];
        one->methods->grow(one, (int32_t)(random_word() & 7));
        mix((uint32_t)one->methods->area(one));
        if (i % 10 == 0) say(one->methods->name);
        result = operations[random_word() % 5](result, (int32_t)random_word() >> 20);
        mix((uint32_t)result), values[i % 12] = result;
    }
    uint32_t total = 0, sum = 0;
    post(split, &total, 900);
    while (head != tail) { struct event event = queue[head++ & 15]; event.handler(event.context, event.value); }
    each(values, 12, count, &sum);
    say_hex(total), mix(sum);
    return 0;
}

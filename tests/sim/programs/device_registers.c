#include "support.h"
/* Volatile accesses of every width in an order that must be kept, a made-up serial port in RAM, polling with a limit, debouncing. */
struct port { volatile uint32_t control; volatile uint16_t status; volatile uint8_t data, latch; volatile uint64_t stamp; };
static struct port ports[2];
static volatile uint8_t keys;
static volatile uint32_t ticks;

__attribute__((noinline)) static void hardware(struct port *port) {
    ticks++;
    if (port->control & 1 && !(port->status & 0x80)) port->latch = port->data, port->status = (uint16_t)(port->status | 0x80);
    if (ticks % 3 == 0) port->status = (uint16_t)(port->status & ~0x80u), port->stamp += 0x100000001ull;
    if (ticks % 7 < 3) keys = (uint8_t)(keys ^ (1u << ticks % 5));
}
static int transmit(struct port *port, uint8_t byte) {
    for (int wait = 0; wait < 10; wait++) {
        hardware(port);
        if (!(port->status & 0x80)) {
            port->data = byte;
            port->control |= 1;
            hardware(port);
            port->control &= ~1u;
            return wait;
        }
    }
    return -1;
}
static uint8_t debounce(uint8_t history[5], uint8_t now) {
    uint8_t stable = 0;
    for (int i = 0; i < 5; i++) {
        history[i] = (uint8_t)(history[i] << 1 | (now >> i & 1));
        stable = (uint8_t)(stable | ((history[i] & 3) == 3) << i);
    }
    return stable;
}

int program(void) {
    uint8_t history[5] = {0};
    for (int i = 0; i < 60; i++) {
        struct port *port = &ports[i & 1];
        int waited = transmit(port, (uint8_t)random_word());
        mix((uint32_t)waited), mix(port->latch), mix(port->status), mix((uint32_t)port->stamp), mix((uint32_t)(port->stamp >> 32));
        port->control = (port->control & ~0xff00u) | (uint32_t)i << 8, port->status += 0x100;
        mix(port->control), mix(debounce(history, keys));
    }
    say_hex(ticks), say_hex(ports[1].control);
    return 0;
}

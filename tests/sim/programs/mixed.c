#include "support.h"
/* CRC, SHA-like rotation, a linked list, conditional code, shifts by variables, carries. */
struct node { struct node *next; int16_t key; uint8_t tag; };
static uint32_t crc(const uint8_t *bytes, int count) {
    uint32_t value = 0xffffffff;
    while (count--) {
        value ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (0xedb88320 & -(value & 1));
    }
    return ~value;
}
static uint32_t rotate(uint32_t x, int by) { return x << (by & 31) | x >> (-by & 31); }
static int32_t clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }

int program(void) {
    static struct node nodes[40];
    static uint8_t bytes[64];
    struct node *head = 0;
    for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)(random_word() >> 9);
    mix(crc(bytes, 64));
    for (int i = 0; i < 40; i++) {
        nodes[i].key = (int16_t)random_word(), nodes[i].tag = (uint8_t)i;
        struct node **place = &head;
        while (*place && (*place)->key < nodes[i].key) place = &(*place)->next;
        nodes[i].next = *place, *place = &nodes[i];
    }
    for (struct node *node = head; node; node = node->next) mix((uint32_t)node->key << 8 | node->tag);
    uint32_t a = 1, b = 2, c = 3;
    for (int i = 0; i < 100; i++) {
        uint32_t f = (a & b) | (~a & c), x = random_word();
        a = rotate(a + f + x, i), b ^= rotate(c, (int)x), c += (x >> (i & 31)) + (uint32_t)((int32_t)x >> (i & 31));
        mix(a), mix(b), mix(c), mix((uint32_t)clamp((int32_t)x, -1000, 100000)), mix(x > a && x < c ? b : a);
        if ((i & 3) == 1) mix(7); else if (x & 1) mix(x); else mix(~x);
    }
    return 0;
}

#include "support.h"
/* LZ77 with a hash of three bytes, run lengths, and both undone. */
static uint8_t text[240], packed[320], back[240];
static int16_t heads[64];
static int pack(const uint8_t *from, int size, uint8_t *to) {
    int at = 0, out = 0;
    for (int i = 0; i < 64; i++) heads[i] = -1;
    while (at < size) {
        int best = 0, distance = 0;
        if (at + 3 <= size) {
            unsigned hash = (from[at] * 33u * 33u + from[at + 1] * 33u + from[at + 2]) & 63;
            int before = heads[hash];
            heads[hash] = (int16_t)at;
            if (before >= 0 && at - before < 256) {
                while (at + best < size && best < 66 && from[before + best] == from[at + best]) best++;
                distance = at - before;
            }
        }
        if (best >= 3) to[out++] = (uint8_t)(0x80 | (best - 3)), to[out++] = (uint8_t)distance, at += best;
        else to[out++] = from[at++] & 0x7f;
    }
    return out;
}
static int unpack(const uint8_t *from, int size, uint8_t *to) {
    int out = 0;
    for (int at = 0; at < size;) {
        uint8_t code = from[at++];
        if (code < 0x80) { to[out++] = code; continue; }
        const uint8_t *source = to + out - from[at++];
        for (int i = 0; i < (code & 0x7f) + 3; i++) to[out++] = *source++;
    }
    return out;
}
static int runs(const uint8_t *from, int size, uint8_t *to) {
    int out = 0;
    for (int at = 0; at < size;) {
        int count = 1;
        while (at + count < size && from[at + count] == from[at] && count < 255) count++;
        to[out++] = (uint8_t)count, to[out++] = from[at], at += count;
    }
    return out;
}

int program(void) {
    int wrong = 0;
    for (int round = 0; round < 4; round++) {
        uint32_t letters = 1u << (round + 1);
        for (int i = 0; i < 240; i++) text[i] = (uint8_t)('a' + (i >= 40 && random_word() % 4 ? text[i - 40] - 'a' : (int)(random_word() % letters)));
        int size = pack(text, 240, packed);
        wrong += unpack(packed, size, back) != 240;
        for (int i = 0; i < 240; i++) wrong += text[i] != back[i];
        for (int i = 0; i < size; i++) mix(packed[i]);
        int short_size = runs(text, 150, packed);
        say_hex((uint32_t)size << 16 | (uint32_t)short_size);
        for (int i = 0; i < short_size; i += 3) mix(packed[i]);
    }
    return wrong;
}

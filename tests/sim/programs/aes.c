#include "support.h"
/* AES-128 with an S-box that is computed; the standard's example (FIPS 197, appendix B), then counter mode. */
static uint8_t box[256], keys[176];
static uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0)); }
static uint8_t turned(uint8_t x, int by) { return (uint8_t)(x << by | x >> (8 - by)); }
static void make_box(void) {
    uint8_t p = 1, q = 1;
    do {
        p = (uint8_t)(p ^ twice(p));
        q ^= (uint8_t)(q << 1), q ^= (uint8_t)(q << 2), q ^= (uint8_t)(q << 4);
        if (q & 0x80) q ^= 0x09;
        box[p] = (uint8_t)(q ^ turned(q, 1) ^ turned(q, 2) ^ turned(q, 3) ^ turned(q, 4) ^ 0x63);
    } while (p != 1);
    box[0] = 0x63;
}
static void expand(const uint8_t *key) {
    uint8_t constant = 1;
    for (int i = 0; i < 16; i++) keys[i] = key[i];
    for (int i = 16; i < 176; i += 4) {
        uint8_t word[4] = {keys[i - 4], keys[i - 3], keys[i - 2], keys[i - 1]};
        if (i % 16 == 0) {
            uint8_t first = word[0];
            word[0] = (uint8_t)(box[word[1]] ^ constant), word[1] = box[word[2]], word[2] = box[word[3]], word[3] = box[first];
            constant = twice(constant);
        }
        for (int j = 0; j < 4; j++) keys[i + j] = keys[i + j - 16] ^ word[j];
    }
}
static void encrypt(uint8_t *state) {
    uint8_t next[16];
    for (int i = 0; i < 16; i++) state[i] ^= keys[i];
    for (int round = 1; round <= 10; round++) {
        for (int i = 0; i < 16; i++) next[i] = box[state[(i + 4 * (i & 3)) & 15]];
        for (int i = 0; i < 16; i += 4) {
            uint8_t *c = next + i, all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];
            if (round == 10) continue;
            for (int j = 0; j < 4; j++) c[j] ^= all ^ twice(c[j] ^ (j == 3 ? first : c[j + 1]));
        }
        for (int i = 0; i < 16; i++) state[i] = next[i] ^ keys[round * 16 + i];
    }
}

int program(void) {
    static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    uint8_t state[16] = {0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d, 0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34};
    make_box(), expand(key), encrypt(state);
    int wrong = state[0] != 0x39 || state[1] != 0x25 || state[15] != 0x32;
    for (int i = 0; i < 16; i++) mix(state[i]);
    for (uint32_t counter = 0; counter < 3; counter++) {
        uint8_t stream[16] = {0};
        for (int i = 0; i < 4; i++) stream[15 - i] = (uint8_t)((counter + 0xfffffffe) >> 8 * i);
        encrypt(stream);
        for (int i = 0; i < 16; i++) mix(stream[i] ^ (random_word() & 255));
        say_hex((uint32_t)stream[0] << 24 | (uint32_t)stream[5] << 16 | (uint32_t)stream[10] << 8 | stream[15]);
    }
    return wrong;
}

#include "support.h"
/* ChaCha20, Salsa's core, XTEA, RC4, SipHash, MD5's rounds: rotations, additions and exclusive ors. */
static uint32_t turn(uint32_t x, int by) { return x << by | x >> (32 - by); }
static uint64_t turn64(uint64_t x, int by) { return x << by | x >> (64 - by); }
#define QUARTER(a, b, c, d) a += b, d = turn(d ^ a, 16), c += d, b = turn(b ^ c, 12), a += b, d = turn(d ^ a, 8), c += d, b = turn(b ^ c, 7)
static void chacha(uint32_t out[16], const uint32_t in[16]) {
    uint32_t x[16];
    __builtin_memcpy(x, in, sizeof x);
    for (int i = 0; i < 10; i++) {
        QUARTER(x[0], x[4], x[8], x[12]), QUARTER(x[1], x[5], x[9], x[13]), QUARTER(x[2], x[6], x[10], x[14]), QUARTER(x[3], x[7], x[11], x[15]);
        QUARTER(x[0], x[5], x[10], x[15]), QUARTER(x[1], x[6], x[11], x[12]), QUARTER(x[2], x[7], x[8], x[13]), QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (int i = 0; i < 16; i++) out[i] = x[i] + in[i];
}
static void xtea(uint32_t v[2], const uint32_t k[4]) {
    for (uint32_t i = 0, sum = 0; i < 32; i++) {
        v[0] += ((v[1] << 4 ^ v[1] >> 5) + v[1]) ^ (sum + k[sum & 3]);
        sum += 0x9e3779b9;
        v[1] += ((v[0] << 4 ^ v[0] >> 5) + v[0]) ^ (sum + k[sum >> 11 & 3]);
    }
}
static uint64_t sip(const uint64_t *words, int count, uint64_t k0, uint64_t k1) {
    uint64_t v0 = k0 ^ 0x736f6d6570736575ull, v1 = k1 ^ 0x646f72616e646f6dull, v2 = k0 ^ 0x6c7967656e657261ull, v3 = k1 ^ 0x7465646279746573ull;
    for (int i = 0; i <= count + 1; i++) {
        uint64_t m = i < count ? words[i] : i == count ? (uint64_t)count << 59 : 0;
        if (i == count + 1) v2 ^= 0xff;
        v3 ^= m;
        for (int r = 0; r < (i == count + 1 ? 4 : 2); r++) {
            v0 += v1, v1 = turn64(v1, 13) ^ v0, v0 = turn64(v0, 32), v2 += v3, v3 = turn64(v3, 16) ^ v2;
            v0 += v3, v3 = turn64(v3, 21) ^ v0, v2 += v1, v1 = turn64(v1, 17) ^ v2, v2 = turn64(v2, 32);
        }
        v0 ^= m;
    }
    return v0 ^ v1 ^ v2 ^ v3;
}
static uint8_t box[256];
static void rc4(const uint8_t *key, unsigned size, int count) {
    uint8_t i = 0, j = 0;
    for (int k = 0; k < 256; k++) box[k] = (uint8_t)k;
    for (unsigned k = 0; k < 256; k++) { uint8_t held = box[k]; j = (uint8_t)(j + held + key[k % size]); box[k] = box[j], box[j] = held; }
    for (j = 0; count--;) { i++; uint8_t held = box[i]; j = (uint8_t)(j + held); box[i] = box[j], box[j] = held, mix(box[(uint8_t)(box[i] + box[j])]); }
}

int program(void) {
    uint32_t in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c, 1, 0x09000000, 0x4a000000, 0}, out[16];
    chacha(out, in);
    int wrong = out[0] != 0xe4e7f110 || out[15] != 0x4e3c50a2;
    for (int i = 0; i < 16; i++) mix(out[i]);
    uint64_t words[4];
    for (int i = 0; i < 4; i++) words[i] = (uint64_t)random_word() << 32 | random_word();
    for (int i = 0; i < 5; i++) xtea(out + i * 2, in + 4), mix(out[i * 2]), mix(out[i * 2 + 1]), mix((uint32_t)(sip(words, i % 5, words[0], words[1]) >> 13));
    rc4((const uint8_t *)"Key", 3, 40);
    say_hex(out[3]), say_hex((uint32_t)wrong);
    return wrong;
}

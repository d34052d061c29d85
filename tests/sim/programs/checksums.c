#include "support.h"
/* CRC-8, CRC-16, CRC-32 by bits, by a table of 16 and of 256, Adler and Fletcher; tables made at run time. */
static uint32_t table[256];
static uint8_t bytes[120];
static uint8_t crc8(const uint8_t *at, int count) {
    uint8_t value = 0;
    while (count--) { value ^= *at++; for (int i = 0; i < 8; i++) value = (uint8_t)(value & 0x80 ? value << 1 ^ 0x07 : value << 1); }
    return value;
}
static uint16_t crc16(const uint8_t *at, int count) {
    uint16_t value = 0xffff;
    while (count--) { value = (uint16_t)(value ^ *at++ << 8); for (int i = 0; i < 8; i++) value = (uint16_t)(value & 0x8000 ? value << 1 ^ 0x1021 : value << 1); }
    return value;
}
static uint32_t crc32(const uint8_t *at, int count) {
    uint32_t value = ~0u;
    while (count--) value = table[(value ^ *at++) & 255] ^ value >> 8;
    return ~value;
}
static uint32_t crc32_by_nibbles(const uint8_t *at, int count) {
    static const uint32_t small[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t value = ~0u;
    while (count--) {
        value ^= *at++;
        value = small[value & 15] ^ value >> 4;
        value = small[value & 15] ^ value >> 4;
    }
    return ~value;
}
static uint32_t adler(const uint8_t *at, int count) {
    uint32_t a = 1, b = 0;
    while (count--) a = (a + *at++) % 65521, b = (b + a) % 65521;
    return b << 16 | a;
}
static uint16_t fletcher(const uint8_t *at, int count) {
    uint32_t a = 0, b = 0;
    while (count--) a += *at++, b += a;
    return (uint16_t)(b % 255 << 8 | a % 255);
}

int program(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
        table[i] = value;
    }
    for (int i = 0; i < 120; i++) bytes[i] = (uint8_t)(random_word() >> 8);
    int wrong = crc32((const uint8_t *)"123456789", 9) != 0xcbf43926 || crc16((const uint8_t *)"123456789", 9) != 0x29b1 || crc8((const uint8_t *)"123456789", 9) != 0xf4;
    for (int at = 0; at < 120; at += 17) {
        const uint8_t *from = bytes + at;
        int count = 120 - at;
        mix(crc8(from, count)), mix(crc16(from, count)), mix(crc32(from, count)), mix(adler(from, count)), mix(fletcher(from, count));
        wrong += crc32(from, count) != crc32_by_nibbles(from, count);
    }
    say_hex(crc32(bytes, 120)), say_hex(adler(bytes, 120));
    return wrong;
}

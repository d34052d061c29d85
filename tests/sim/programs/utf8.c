#include "support.h"
/* UTF-8: decoding with every kind of mistake, encoding, UTF-16 both ways, counting, upper case, a search that ignores case. */
static uint32_t decode(const uint8_t **at) {
    const uint8_t *from = *at;
    uint32_t first = from[0], more = first < 0x80 ? 0 : first < 0xc2 ? 9 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 9;
    if (more == 9) { *at = from + 1; return 0xfffd; }
    uint32_t point = more ? first & (0x3fu >> more) : first;
    for (uint32_t i = 1; i <= more; i++) {
        if ((from[i] & 0xc0) != 0x80) { *at = from + i; return 0xfffd; }
        point = point << 6 | (from[i] & 0x3f);
    }
    *at = from + more + 1;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    return point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0xfffd : point;
}
static int encode(uint32_t point, uint8_t *to) {
    int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t marks[] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i > 0; i--) to[i] = (uint8_t)(0x80 | (point & 0x3f)), point >>= 6;
    to[0] = (uint8_t)(marks[more] | point);
    return more + 1;
}
static int wide(uint32_t point, uint16_t *to) {
    if (point < 0x10000) { to[0] = (uint16_t)point; return 1; }
    point -= 0x10000;
    to[0] = (uint16_t)(0xd800 | point >> 10), to[1] = (uint16_t)(0xdc00 | (point & 0x3ff));
    return 2;
}
static uint32_t upper(uint32_t point) {
    if (point >= 'a' && point <= 'z') return point - 32;
    if ((point >= 0xe0 && point <= 0xfe && point != 0xf7) || (point >= 0x3b1 && point <= 0x3c9 && point != 0x3c2) || (point >= 0x430 && point < 0x450)) return point - 32;
    return point;
}

int program(void) {
    static const uint8_t texts[][24] = {"plain text", "gr\xc3\xbc\xc3\x9f \xce\xb1\xce\xb2\xcf\x89", "\xe2\x82\xac\xf0\x9f\x98\x80\xd0\xb6", "\xc0\xaf\xff\xe2\x82", "\xed\xa0\x80\xf4\x90\x80\x80", "\xf0\x82\x82\xac\x80\x80"};
    int wrong = 0;
    for (int i = 0; i < 6; i++) {
        uint32_t count = 0, bad = 0;
        for (const uint8_t *at = texts[i]; *at; count++) {
            uint32_t point = decode(&at);
            bad += point == 0xfffd;
            mix(point), mix(upper(point));
        }
        say_hex(count << 16 | bad);
    }
    for (int i = 0; i < 120; i++) {
        uint8_t bytes[5] = {0};
        uint16_t halves[2] = {0};
        uint32_t point = random_word() >> (11 + i % 21);
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000) || !point) continue;
        int size = encode(point, bytes);
        const uint8_t *at = bytes;
        wrong += decode(&at) != point || at - bytes != size;
        mix((uint32_t)wide(point, halves)), mix((uint32_t)halves[0] << 16 | halves[1]);
        bytes[size - 1] ^= (uint8_t)(random_word() & 0xff), at = bytes, mix(decode(&at));
    }
    return wrong;
}

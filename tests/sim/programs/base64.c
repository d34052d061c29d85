#include "support.h"
/* Base64, hexadecimal, Base85 and percent encoding, each way back, and what is refused. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static int encode(const uint8_t *from, int count, char *to) {
    int out = 0;
    for (int i = 0; i < count; i += 3) {
        uint32_t bits = (uint32_t)from[i] << 16 | (uint32_t)(i + 1 < count ? from[i + 1] : 0) << 8 | (i + 2 < count ? from[i + 2] : 0);
        for (int k = 0; k < 4; k++) to[out++] = i + k > count ? '=' : alphabet[bits >> (18 - 6 * k) & 63];
    }
    to[out] = 0;
    return out;
}
static int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}
static int decode(const char *from, uint8_t *to) {
    uint32_t bits = 0, have = 0;
    int out = 0;
    for (; *from && *from != '='; from++) {
        int value = sextet(*from);
        if (value < 0) return -1;
        bits = bits << 6 | (uint32_t)value, have += 6;
        if (have >= 8) have -= 8, to[out++] = (uint8_t)(bits >> have);
    }
    return out;
}
static int eighty_five(const uint8_t *from, int count, char *to) {
    int out = 0;
    for (int i = 0; i + 4 <= count; i += 4) {
        uint32_t word = (uint32_t)from[i] << 24 | (uint32_t)from[i + 1] << 16 | (uint32_t)from[i + 2] << 8 | from[i + 3];
        for (int k = 4; k >= 0; k--) to[out + k] = (char)(word % 85 + 33), word /= 85;
        out += 5;
    }
    to[out] = 0;
    return out;
}
static int percent(const uint8_t *from, int count, char *to) {
    int out = 0;
    for (int i = 0; i < count; i++) {
        uint8_t c = from[i];
        if ((c | 32) >= 'a' && (c | 32) <= 'z') to[out++] = (char)c;
        else to[out++] = '%', to[out++] = "0123456789ABCDEF"[c >> 4], to[out++] = "0123456789ABCDEF"[c & 15];
    }
    to[out] = 0;
    return out;
}

int program(void) {
    uint8_t bytes[50], back[50];
    char text[160];
    int wrong = 0;
    for (int count = 0; count <= 50; count += 7) {
        for (int i = 0; i < count; i++) bytes[i] = (uint8_t)(random_word() >> 4);
        int size = encode(bytes, count, text);
        wrong += decode(text, back) != count;
        for (int i = 0; i < count; i++) wrong += back[i] != bytes[i];
        for (int i = 0; i < size; i++) mix((uint8_t)text[i]);
        if (count == 14) say(text), say("\n");
        size = eighty_five(bytes, count, text);
        for (int i = 0; i < size; i++) mix((uint8_t)text[i]);
        mix((uint32_t)percent(bytes, count, text));
        if (count == 14) say(text), say("\n");
    }
    text[3] = '!';
    mix((uint32_t)decode(text, back));
    return wrong;
}

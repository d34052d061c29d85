#include "support.h"
/* String functions as a C library has them: lengths, comparisons, search, tokens, numbers both ways, word-wise scans. */
static size_t length(const char *text) {
    const char *at = text;
    while ((uintptr_t)at & 3) { if (!*at) return (size_t)(at - text); at++; }
    for (;; at += 4) {
        uint32_t word;
        __builtin_memcpy(&word, __builtin_assume_aligned(at, 4), 4);
        if ((word - 0x01010101) & ~word & 0x80808080) break;
    }
    while (*at) at++;
    return (size_t)(at - text);
}
static int compare(const char *a, const char *b, size_t most) {
    while (most-- && *a && *a == *b) a++, b++;
    return most == (size_t)-1 ? 0 : (uint8_t)*a - (uint8_t)*b;
}
static const char *search(const char *text, const char *needle) {
    size_t size = length(needle);
    for (; *text; text++) if (!compare(text, needle, size)) return text;
    return 0;
}
static char *token(char **rest, const char *separators) {
    char *start = *rest;
    while (*start && search(separators, (char[2]){*start, 0})) start++;
    char *end = start;
    while (*end && !search(separators, (char[2]){*end, 0})) end++;
    *rest = *end ? end + 1 : end;
    *end = 0;
    return *start ? start : 0;
}
static int32_t number(const char *text, int base) {
    int negative = *text == '-';
    uint32_t value = 0;
    for (text += negative; *text; text++) {
        int digit = *text >= 'a' ? *text - 'a' + 10 : *text >= 'A' ? *text - 'A' + 10 : *text - '0';
        if (digit < 0 || digit >= base) break;
        value = value * (uint32_t)base + (uint32_t)digit;
    }
    return (int32_t)(negative ? -value : value);
}
static char *digits(int32_t value, char *end, int base) {
    uint32_t rest = value < 0 ? -(uint32_t)value : (uint32_t)value;
    *--end = 0;
    do *--end = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % (uint32_t)base]; while (rest /= (uint32_t)base);
    if (value < 0) *--end = '-';
    return end;
}
static void reverse(char *text) {
    for (char *end = text + length(text); text < end; text++) { char held = *text; *text = *--end; *end = held; }
}

int program(void) {
    static char line[] = "one, two;three  -451 ,7fff; 0x1g zz,tail-of-the-line", buffer[40] __attribute__((aligned(4)));
    char *rest = line, *part;
    mix((uint32_t)(search(line, "tail") - line)), mix(search(line, "tale") == 0), mix((uint32_t)length(line + 3));
    while ((part = token(&rest, " ,;"))) {
        mix((uint32_t)number(part, 10)), mix((uint32_t)number(part, 16)), mix((uint32_t)number(part, 36)), mix((uint32_t)compare(part, "three", 3));
        reverse(part);
        say(part), say(" ");
    }
    for (int i = 0; i < 30; i++) {
        int32_t value = (int32_t)random_word() >> (i & 31);
        char *text = digits(value, buffer + sizeof buffer, 2 + i % 35);
        mix((uint32_t)length(text)), mix((uint8_t)text[0]), mix(number(text, 2 + i % 35) == value);
    }
    say(digits(INT32_MIN, buffer + sizeof buffer, 10));
    say("\n");
    return 0;
}

#include <stdarg.h>
#include "support.h"
/* A printf with widths, precision, padding, signs, doubles, long longs; lists passed on and copied; many arguments of mixed kinds. */
static char line[120];
static int at;
static void put(char c) { if (at < 118) line[at++] = c; }
static void field(const char *text, int size, int width, char pad, int left) {
    if (!left) for (int i = size; i < width; i++) put(pad);
    for (int i = 0; i < size; i++) put(text[i]);
    if (left) for (int i = size; i < width; i++) put(' ');
}
static int digits(char *to, uint64_t value, unsigned base, int least) {
    char reversed[24];
    int count = 0, size = 0;
    for (; value || count < least; value /= base) reversed[count++] = "0123456789abcdef"[value % base];
    while (count) to[size++] = reversed[--count];
    return size;
}
static void format(const char *text, va_list list) {
    for (; *text; text++) {
        if (*text != '%') { put(*text); continue; }
        int left = 0, width = 0, precision = -1, longs = 0, size = 0, negative = 0;
        char pad = ' ', buffer[48];
        for (text++; *text == '-' || *text == '0'; text++) if (*text == '-') left = 1; else pad = '0';
        if (*text == '*') width = va_arg(list, int), text++; else while (*text >= '0' && *text <= '9') width = width * 10 + *text++ - '0';
        if (*text == '.') for (precision = 0, text++; *text >= '0' && *text <= '9';) precision = precision * 10 + *text++ - '0';
        while (*text == 'l') longs++, text++;
        if (*text == 's') { const char *string = va_arg(list, const char *); while (string[size] && size != precision) size++; field(string, size, width, ' ', left); continue; }
        if (*text == 'c') { buffer[0] = (char)va_arg(list, int); field(buffer, 1, width, ' ', left); continue; }
        if (*text == 'd') { int64_t value = longs == 2 ? va_arg(list, long long) : va_arg(list, int); negative = value < 0; buffer[0] = '-'; size = negative + digits(buffer + negative, negative ? -(uint64_t)value : (uint64_t)value, 10, 1); }
        else if (*text == 'u' || *text == 'x') size = digits(buffer, longs == 2 ? va_arg(list, unsigned long long) : va_arg(list, unsigned), *text == 'u' ? 10 : 16, 1);
        else if (*text == 'f') {
            double value = va_arg(list, double), unit = 0.5;
            if (precision < 0) precision = 6;
            for (int i = 0; i < precision; i++) unit /= 10;
            buffer[0] = '-', negative = value < 0, value = (negative ? -value : value) + unit;
            uint64_t whole = (uint64_t)value;
            size = negative + digits(buffer + negative, whole, 10, 1), value -= (double)whole, buffer[size++] = '.';
            for (int i = 0; i < precision; i++) value *= 10, buffer[size++] = (char)('0' + (int)value), value -= (int)value;
        } else { put(*text); continue; }
        field(buffer, size, width, pad, left);
    }
}
__attribute__((noinline)) static void print(const char *text, ...) {
    va_list list, again;
    va_start(list, text);
    va_copy(again, list);
    at = 0, format(text, list);
    line[at] = 0;
    say(line);
    uint32_t before = (uint32_t)at;
    at = 0, format(text, again), mix(before == (uint32_t)at);
    va_end(again), va_end(list);
    for (int i = 0; i < at; i++) mix((uint8_t)line[i]);
}
__attribute__((noinline)) static double total(int count, ...) {
    va_list list;
    va_start(list, count);
    double sum = 0;
    for (int i = 0; i < count; i++) sum += i % 3 == 0 ? va_arg(list, int) : i % 3 == 1 ? va_arg(list, double) : (double)va_arg(list, long long);
    va_end(list);
    return sum;
}

int program(void) {
    print("[%5d|%-5d|%05d|%x]\n", -42, 42, -42, 0xcafeu);
    print("[%10s|%-6s|%.3s|%c]\n", "right", "left", "truncated", 'z');
    print("%.3f %8.2f %f %-9.1f!\n", 3.14159, -2.005, 1e6, 99.95);
    print("%lld %llu %llx %d\n", -1234567890123456789LL, 18446744073709551615ULL, 0x123456789abcdefULL, 7);
    print("%*d %u%% %s\n", 6, 123, 4000000000u, "");
    mix_double(total(7, 1, 2.5, 3LL, 4, 5.25, -6000000000LL, 7));
    return 0;
}

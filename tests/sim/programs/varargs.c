#include <stdarg.h>
#include "support.h"
/* A small printf with words, long longs and doubles from a variable argument list. */
static char line[80];
static int put_number(int at, uint64_t value, unsigned base) {
    char digits[24];
    int count = 0;
    do digits[count++] = "0123456789abcdef"[value % base]; while (value /= base);
    while (count) line[at++] = digits[--count];
    return at;
}
static void print(const char *format, ...) {
    va_list list;
    va_start(list, format);
    int at = 0;
    for (; *format; format++) {
        if (*format != '%') { line[at++] = *format; continue; }
        switch (*++format) {
        case 'd': { int value = va_arg(list, int); if (value < 0) line[at++] = '-'; at = put_number(at, value < 0 ? -(int64_t)value : value, 10); break; }
        case 'x': at = put_number(at, va_arg(list, unsigned), 16); break;
        case 'l': at = put_number(at, va_arg(list, unsigned long long), 10); break;
        case 'f': { double value = va_arg(list, double); at = put_number(at, (uint64_t)(value * 1000 + 0.5), 10); break; }
        case 's': for (const char *text = va_arg(list, const char *); *text;) line[at++] = *text++; break;
        default: line[at++] = *format;
        }
    }
    line[at] = 0;
    va_end(list);
    say(line);
}

int program(void) {
    print("%d %d %x %s\n", 12, -345, 0xbeefu, "text");
    print("%l %d %l %f %d\n", 12345678901234ULL, 7, 1ULL << 63, 3.14159, -1);
    print("%f %f %x %%\n", 0.0005, 1e6, 0u);
    return 0;
}

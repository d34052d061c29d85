#include "support.h"
/* State machines: a tokeniser by a table of classes, an expression evaluator, a regular expression matcher, a traffic light. */
enum class { SPACE, DIGIT, LETTER, SIGN, QUOTE, END };
enum state { BETWEEN, IN_NUMBER, IN_NAME, IN_TEXT, STATES };
static const uint8_t table[STATES][6] = {{0, 1, 2, 0x80, 3, 0xff}, {0x80, 1, 2, 0x80, 0x80, 0x80}, {0x80, 2, 2, 0x80, 0x80, 0x80}, {3, 3, 3, 3, 0x81, 0xff}};
static enum class classify(char c) {
    switch (c) {
    case 0: return END;
    case ' ': case '\t': case '\n': return SPACE;
    case '0' ... '9': return DIGIT;
    case 'a' ... 'z': case 'A' ... 'Z': case '_': return LETTER;
    case '"': return QUOTE;
    default: return SIGN;
    }
}
static int tokens(const char *text) {
    int count = 0;
    enum state state = BETWEEN;
    for (const char *start = text;;) {
        enum class class = classify(*text);
        uint8_t next = table[state][class];
        if (next < STATES) { if (state == BETWEEN) start = text; state = next, text++; continue; }
        if (next == 0xff) return state == BETWEEN ? count : -count;
        text += state == BETWEEN || next == 0x81;
        mix((uint32_t)state << 16 | (uint32_t)(text - start)), count++;
        state = BETWEEN;
    }
}
static const char *cursor;
static int32_t sum(void);
static int32_t factor(void) {
    int32_t value = 0;
    if (*cursor == '(') { cursor++, value = sum(), cursor++; return value; }
    if (*cursor == '-') { cursor++; return -factor(); }
    while (classify(*cursor) == DIGIT) value = value * 10 + *cursor++ - '0';
    return value;
}
static int32_t product(void) {
    int32_t value = factor();
    for (;;) switch (*cursor) {
    case '*': cursor++, value *= factor(); break;
    case '/': { cursor++; int32_t by = factor(); value = by ? value / by : 0; break; }
    case '%': { cursor++; int32_t by = factor(); value = by ? value % by : 0; break; }
    default: return value;
    }
}
static int32_t sum(void) {
    int32_t value = product();
    while (*cursor == '+' || *cursor == '-') value = *cursor++ == '+' ? value + product() : value - product();
    return value;
}
static int match_here(const char *pattern, const char *text) {
    if (!*pattern) return 1;
    if (pattern[1] == '*') {
        do if (match_here(pattern + 2, text)) return 1; while (*text && (*text++ == *pattern || *pattern == '.'));
        return 0;
    }
    if (*pattern == '$' && !pattern[1]) return !*text;
    return *text && (*pattern == '.' || *pattern == *text) && match_here(pattern + 1, text + 1);
}
static int match(const char *pattern, const char *text) {
    if (*pattern == '^') return match_here(pattern + 1, text);
    do if (match_here(pattern, text)) return 1; while (*text++);
    return 0;
}

int program(void) {
    static const char *const lines[] = {"int x_1 = 42 + y*(7-\"text of\");", "\"open", "a1b2 333 ...", ""};
    static const char *const sums[] = {"1+2*3", "-(4-10)*7%5", "100/7/2-3*-2", "((((9))))/(3-3)", "2*(3+4)*(5-6)"};
    static const char *const patterns[] = {"^ab*c$", "a.c", "b*b*b*c", "x$", "^.*9"};
    for (int i = 0; i < 4; i++) say_hex((uint32_t)tokens(lines[i]));
    for (int i = 0; i < 5; i++) cursor = sums[i], mix((uint32_t)sum()), mix(*cursor == 0);
    for (int i = 0; i < 5; i++) for (int j = 0; j < 5; j++) mix((uint32_t)match(patterns[i], (const char *[]){"abbbc", "aac9x", "", "xbbbbbb", "ac"}[j]));
    return 0;
}

#include "support.h"
/* A parser of a JSON-like text into a tree in a pool, a printer that brings it back, and a path query. */
enum kind { NOTHING, TRUTH, NUMBER, TEXT, LIST, OBJECT };
struct value { enum kind kind; const char *key; uint8_t key_size; uint8_t size; int16_t next, first; union { int32_t number; const char *text; } as; };
static struct value pool[48];
static int used, failed;
static const char *at;
static char out[220];
static int length;

static void space(void) { while (*at == ' ' || *at == '\n') at++; }
static int accept(char wanted) { space(); if (*at != wanted) return 0; at++; return 1; }
static uint8_t quoted(const char **start) {
    if (!accept('"')) { failed = 1; return 0; }
    *start = at;
    while (*at && *at != '"') at += *at == '\\' && at[1] ? 2 : 1;
    return (uint8_t)(at++ - *start);
}
static int16_t value(void) {
    if (used == 48) { failed = 1; return -1; }
    int16_t index = (int16_t)used++;
    struct value *v = &pool[index];
    *v = (struct value){.next = -1, .first = -1};
    space();
    if (*at == '{' || *at == '[') {
        char close = *at == '{' ? '}' : ']';
        v->kind = *at++ == '{' ? OBJECT : LIST;
        int16_t *place = &v->first;
        if (!accept(close)) do {
            const char *key = 0;
            uint8_t size = 0;
            if (v->kind == OBJECT) size = quoted(&key), failed |= !accept(':');
            int16_t child = value();
            if (failed) return -1;
            pool[child].key = key, pool[child].key_size = size, *place = child, place = &pool[child].next;
        } while (accept(','));
        else return index;
        failed |= !accept(close);
    } else if (*at == '"') v->kind = TEXT, v->size = quoted(&v->as.text);
    else if (*at == 't' || *at == 'f') v->kind = TRUTH, v->as.number = *at == 't', at += *at == 't' ? 4 : 5;
    else if (*at == 'n') at += 4;
    else if (*at == '-' || (*at >= '0' && *at <= '9')) {
        int negative = *at == '-', point = 0;
        int64_t number = 0;
        for (at += negative; (*at >= '0' && *at <= '9') || *at == '.'; at++) if (*at == '.') point = 3; else if (point != 1) number = number * 10 + *at - '0', point -= point > 1;
        for (point = point ? point - 1 : 3; point > 0; point--) number *= 10;
        v->kind = NUMBER, v->as.number = (int32_t)(negative ? -number : number);
    } else failed = 1;
    return index;
}
static void put(const char *text, int size) { while (size-- && length < 218) out[length++] = *text++; }
static void print(int16_t index) {
    struct value *v = &pool[index];
    if (v->key) put("\"", 1), put(v->key, v->key_size), put("\":", 2);
    if (v->kind == NUMBER) { char digits[12]; int n = 12; uint32_t rest = v->as.number < 0 ? -(uint32_t)v->as.number : (uint32_t)v->as.number; do digits[--n] = (char)('0' + rest % 10); while (rest /= 10); if (v->as.number < 0) put("-", 1); put(digits + n, 12 - n); }
    else if (v->kind == TEXT) put("\"", 1), put(v->as.text, v->size), put("\"", 1);
    else if (v->kind == TRUTH) put(v->as.number ? "true" : "false", v->as.number ? 4 : 5);
    else if (v->kind == NOTHING) put("null", 4);
    else {
        put(v->kind == LIST ? "[" : "{", 1);
        for (int16_t child = v->first; child >= 0; child = pool[child].next) { print(child); if (pool[child].next >= 0) put(",", 1); }
        put(v->kind == LIST ? "]" : "}", 1);
    }
}

int program(void) {
    static const char *const texts[] = {"{\"name\": \"board\", \"pins\": [1, 2, -30, 4.25], \"on\": true, \"none\": null, \"in\": {\"a\\\"b\": [[], {}, [0.5]]}}", "[1, 2", "{\"a\" 1}", "[[[[[[7]]]]], \"\\\\\", false, 123456.789]"};
    for (int i = 0; i < 4; i++) {
        at = texts[i], used = failed = length = 0;
        int16_t root = value();
        mix((uint32_t)failed), mix((uint32_t)used);
        if (failed) { say("refused\n"); continue; }
        print(root);
        out[length++] = '\n', out[length] = 0;
        say(out);
        for (int v = 0; v < used; v++) mix((uint32_t)pool[v].kind << 8 | (uint32_t)(uint8_t)pool[v].next), mix(pool[v].kind == NUMBER ? (uint32_t)pool[v].as.number : pool[v].size);
    }
    return 0;
}

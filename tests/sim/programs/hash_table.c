#include "support.h"
/* A table of words: FNV and a multiplicative hash, linear probing with tombstones, growth into a second array. */
struct entry { char key[8]; int32_t value; };
static struct entry first[32], second[128], *table = first;
static uint32_t capacity = 32, used, probes;

static uint32_t digest(const char *key) {
    uint32_t value = 2166136261u;
    while (*key) value = (value ^ (uint8_t)*key++) * 16777619u;
    return value * 2654435769u >> 16;
}
static int equal(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}
static struct entry *find(const char *key, int for_insertion) {
    struct entry *grave = 0;
    for (uint32_t at = digest(key) & (capacity - 1);; at = (at + 1) & (capacity - 1)) {
        struct entry *entry = &table[at];
        probes++;
        if (entry->key[0] == 0) return for_insertion ? (grave ? grave : entry) : 0;
        if (entry->key[0] == 1) { if (!grave) grave = entry; }
        else if (equal(entry->key, key)) return entry;
    }
}
static void put(const char *key, int32_t value) {
    struct entry *entry = find(key, 1);
    if (entry->key[0] <= 1) {
        used++;
        for (int i = 0; i < 8; i++) if (!(entry->key[i] = key[i])) break;
        entry->value = 0;
    }
    entry->value += value;
    if (used * 4 > capacity * 3 && table == first) {
        table = second, capacity = 128, used = 0;
        for (int i = 0; i < 32; i++) if (first[i].key[0] > 1) put(first[i].key, first[i].value);
    }
}
static void word(char *key, uint32_t seed) {
    static const char *const syllables[] = {"ka", "to", "mi", "ra", "ne", "su", "lo", "vi"};
    for (uint32_t i = 0; i < 1 + (seed >> 12) % 3; i++) {
        const char *part = syllables[seed >> (3 * i) & 7];
        *key++ = part[0], *key++ = part[1];
    }
    *key = 0;
}

int program(void) {
    char key[8];
    for (int i = 0; i < 180; i++) {
        uint32_t seed = random_word() & 0x30ff;
        word(key, seed);
        if (used > 80 || i % 5 == 4) {
            struct entry *entry = find(key, 0);
            if (entry) mix((uint32_t)entry->value), entry->key[0] = 1, used--;
        } else put(key, (int32_t)(seed & 255) - i);
    }
    for (uint32_t i = 0; i < capacity; i++) if (table[i].key[0] > 1) mix(i << 16 ^ (uint32_t)table[i].value), mix((uint8_t)table[i].key[1]);
    say_hex(used), say_hex(probes);
    return 0;
}

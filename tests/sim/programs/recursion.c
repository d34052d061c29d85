#include "support.h"
/* Recursion: towers, permutations, mutual calls, a flood fill, partitions, expressions nested deeply. */
static uint8_t field[12][12];
static uint32_t moves;
static void tower(int count, int from, int to) {
    if (!count) return;
    tower(count - 1, from, 6 - from - to);
    moves = moves * 3 + (uint32_t)(from * 4 + to);
    tower(count - 1, 6 - from - to, to);
}
static int is_odd(uint32_t n);
static int is_even(uint32_t n) { return n == 0 ? 1 : is_odd(n - 1); }
static int is_odd(uint32_t n) { return n == 0 ? 0 : is_even(n - 1); }
static void permute(uint8_t *letters, int at, int count) {
    if (at == count) { mix((uint32_t)(letters[0] << 24 | letters[1] << 16 | letters[2] << 8 | letters[3])); return; }
    for (int i = at; i < count; i++) {
        uint8_t held = letters[at];
        letters[at] = letters[i], letters[i] = held;
        permute(letters, at + 1, count);
        letters[i] = letters[at], letters[at] = held;
    }
}
static int flood(int y, int x, uint8_t old, uint8_t new) {
    if (y < 0 || x < 0 || y >= 12 || x >= 12 || field[y][x] != old) return 0;
    field[y][x] = new;
    return 1 + flood(y - 1, x, old, new) + flood(y + 1, x, old, new) + flood(y, x - 1, old, new) + flood(y, x + 1, old, new);
}
static uint32_t partitions(int n, int most) { return n == 0 ? 1 : n < 0 || most == 0 ? 0 : partitions(n - most, most) + partitions(n, most - 1); }
static uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
static uint64_t binomial(uint32_t n, uint32_t k) { return k == 0 || k == n ? 1 : binomial(n - 1, k - 1) + binomial(n - 1, k); }

int program(void) {
    uint8_t letters[] = "abcde";
    tower(8, 1, 3);
    say_hex(moves);
    permute(letters, 0, 5);
    mix((uint32_t)is_even(30)), mix((uint32_t)is_odd(30)), mix(partitions(16, 16)), mix(fibonacci(14)), mix((uint32_t)binomial(12, 5));
    for (int i = 0; i < 144; i++) field[i / 12][i % 12] = random_word() % 8 == 0;
    int regions = 0;
    for (int i = 0; i < 144; i++) if (field[i / 12][i % 12] < 2) mix((uint32_t)(field[i / 12][i % 12] ? 1 : flood(i / 12, i % 12, 0, 2))), regions++;
    say_hex((uint32_t)regions);
    return 0;
}

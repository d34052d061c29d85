#include "support.h"
/* Arrays whose size is known at run time only, on the stack: VLAs of two dimensions, alloca in a loop, nested frames. */
static uint32_t sum(int rows, int columns, const int16_t (*matrix)[columns]) {
    uint32_t total = 0;
    for (int i = 0; i < rows; i++) for (int j = 0; j < columns; j++) total = total * 7 + (uint16_t)matrix[i][j];
    return total;
}
__attribute__((noinline)) static uint32_t product(int n, int m, int k) {
    int16_t left[n][m], right[m][k], result[n][k];
    for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) left[i][j] = (int16_t)(random_word() % 100);
    for (int i = 0; i < m; i++) for (int j = 0; j < k; j++) right[i][j] = (int16_t)(i * 5 - j * 3);
    for (int i = 0; i < n; i++) for (int j = 0; j < k; j++) {
        int32_t total = 0;
        for (int at = 0; at < m; at++) total += left[i][at] * right[at][j];
        result[i][j] = (int16_t)total;
    }
    return sum(n, k, (const int16_t (*)[k])result) ^ (uint32_t)sizeof left;
}
__attribute__((noinline)) static uint32_t list(int count) {
    struct link { struct link *next; uint32_t value; } *head = 0;
    for (int i = 0; i < count; i++) {
        struct link *link = __builtin_alloca(sizeof *link + (size_t)(i & 3) * 4);
        link->next = head, link->value = random_word() >> (i & 7), head = link;
    }
    uint32_t total = 0;
    for (; head; head = head->next) total = (total << 3 | total >> 29) + head->value;
    return total;
}
__attribute__((noinline)) static uint32_t nested(int depth) {
    uint8_t bytes[depth * 3 + 1];
    for (int i = 0; i < depth * 3 + 1; i++) bytes[i] = (uint8_t)(i * depth);
    uint32_t below = depth ? nested(depth - 1) : 1;
    for (int i = 0; i < depth * 3 + 1; i += 2) below = below * 5 + bytes[i];
    return below;
}

int program(void) {
    for (int n = 1; n < 7; n++) mix(product(n, 7 - n + 2, n + 1)), mix(list(n * 9)), mix(nested(n * 2));
    say_hex(nested(10));
    return 0;
}

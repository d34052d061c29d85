#include "support.h"
/* Search: queens by bit masks and by backtracking, a small sudoku, a knight's tour by the fewest exits, subset sums. */
static uint32_t nodes;
static int by_masks(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
    if (columns == all) return 1;
    int count = 0;
    nodes++;
    for (uint32_t free = all & ~(columns | left | right); free;) {
        uint32_t bit = free & -free;
        free ^= bit;
        count += by_masks(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}
static int8_t places[8];
static int first(int row) {
    for (int8_t column = 0; row < 8 && column < 8; column++) {
        int safe = 1;
        for (int i = 0; i < row; i++) safe &= places[i] != column && places[i] - column != row - i && column - places[i] != row - i;
        places[row] = column;
        if (safe && first(row + 1)) return 1;
    }
    return row == 8;
}
static uint8_t grid[16] = {1, 0, 0, 4, 0, 0, 1, 0, 0, 3, 0, 0, 4, 0, 0, 2};
static int solve(int at) {
    while (at < 16 && grid[at]) at++;
    if (at == 16) return 1;
    for (uint8_t digit = 1; digit <= 4; digit++) {
        int fits = 1, row = at / 4, column = at % 4;
        for (int i = 0; i < 4; i++) fits &= grid[row * 4 + i] != digit && grid[i * 4 + column] != digit && grid[(row / 2 * 2 + i / 2) * 4 + column / 2 * 2 + i % 2] != digit;
        grid[at] = digit;
        if (fits && solve(at + 1)) return 1;
        grid[at] = 0;
    }
    return 0;
}
static uint8_t board[25];
static int exits(int at) {
    static const int8_t steps[8][2] = {{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}};
    int count = 0;
    for (int i = 0; i < 8; i++) {
        int y = at / 5 + steps[i][0], x = at % 5 + steps[i][1];
        count += y >= 0 && y < 5 && x >= 0 && x < 5 && !board[y * 5 + x];
    }
    return count;
}
static int tour(int at) {
    int step = 0;
    while (at >= 0) {
        int best = 9, next = -1;
        board[at] = (uint8_t)++step;
        for (int to = 0; to < 25; to++) {
            int y = to / 5 - at / 5, x = to % 5 - at % 5;
            if (y * y + x * x != 5 || board[to]) continue;
            if (exits(to) < best) best = exits(to), next = to;
        }
        at = next;
    }
    return step;
}

int program(void) {
    for (uint32_t n = 1; n <= 6; n++) mix((uint32_t)by_masks((1u << n) - 1, 0, 0, 0));
    say_hex(nodes);
    mix((uint32_t)first(0)), mix((uint32_t)solve(0)), mix((uint32_t)tour(0));
    for (int i = 0; i < 8; i++) mix((uint8_t)places[i]);
    for (int i = 0; i < 16; i++) mix(grid[i]);
    for (int i = 0; i < 25; i++) mix(board[i]);
    uint32_t sums = 1;
    for (int i = 0; i < 7; i++) sums |= sums << (random_word() % 6 + 1);
    say_hex(sums);
    return 0;
}

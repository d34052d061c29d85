#include "support.h"
/* The game of life cell by cell and 32 cells at a time, a rule-110 line, Langton's ant. */
enum { SIDE = 14 };
static uint8_t cells[SIDE][SIDE], next[SIDE][SIDE];
static uint32_t rows[SIDE], fresh[SIDE];
static void by_cells(void) {
    for (int y = 0; y < SIDE; y++) for (int x = 0; x < SIDE; x++) {
        int around = 0;
        for (int j = -1; j <= 1; j++) for (int i = -1; i <= 1; i++)
            if ((i || j) && y + j >= 0 && y + j < SIDE && x + i >= 0 && x + i < SIDE) around += cells[y + j][x + i];
        next[y][x] = around == 3 || (around == 2 && cells[y][x]);
    }
    __builtin_memcpy(cells, next, sizeof cells);
}
/* Adds three bits a column into a sum and a carry. */
static void three(uint32_t a, uint32_t b, uint32_t c, uint32_t *sum, uint32_t *carry) { *sum = a ^ b ^ c, *carry = (a & b) | (c & (a ^ b)); }
static void by_rows(void) {
    for (int y = 0; y < SIDE; y++) {
        uint32_t up = y ? rows[y - 1] : 0, here = rows[y], down = y + 1 < SIDE ? rows[y + 1] : 0, s[3], c[3], ones, low, twos, high;
        three(up << 1, up, up >> 1, &s[0], &c[0]), three(down << 1, down, down >> 1, &s[1], &c[1]);
        s[2] = here << 1 ^ here >> 1, c[2] = (here << 1) & (here >> 1);
        three(s[0], s[1], s[2], &ones, &low), three(c[0], c[1], c[2], &twos, &high);
        uint32_t two = twos ^ low, more = high | (twos & low);
        fresh[y] = ((ones | here) & two & ~more) & ((1u << SIDE) - 1);
    }
    __builtin_memcpy(rows, fresh, sizeof rows);
}

int program(void) {
    int wrong = 0;
    for (int y = 0; y < SIDE; y++) {
        rows[y] = random_word() & random_word() & ((1u << SIDE) - 1);
        for (int x = 0; x < SIDE; x++) cells[y][x] = rows[y] >> x & 1;
    }
    for (int round = 0; round < 4; round++) {
        by_cells(), by_rows();
        for (int y = 0; y < SIDE; y++) {
            uint32_t row = 0;
            for (int x = 0; x < SIDE; x++) row |= (uint32_t)cells[y][x] << x;
            wrong += row != rows[y];
            mix(row);
        }
    }
    uint32_t line = 1;
    for (int i = 0; i < 40; i++) {
        uint32_t left = line << 1 | line >> 31, right = line >> 1 | line << 31;
        line = (line | right) & ~(left & line & right), mix(line);
    }
    int y = 7, x = 7, heading = 0;
    for (int i = 0; i < 300; i++) {
        heading = (heading + (cells[y][x] ? 3 : 1)) & 3, cells[y][x] ^= 1;
        y = (y + (heading == 0 ? -1 : heading == 2) + SIDE) % SIDE, x = (x + (heading == 1) - (heading == 3) + SIDE) % SIDE;
    }
    say_hex((uint32_t)(y << 16 | x)), say_hex(line);
    return wrong;
}

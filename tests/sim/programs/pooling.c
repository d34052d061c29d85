#include "support.h"
/* Maximum and average pooling of int8 and int16 maps, rounded away from zero; a global average; an argmax with ties. */
enum { SIDE = 10, CHANNELS = 3 };
static int8_t map[SIDE][SIDE][CHANNELS];
static int16_t wide[SIDE * SIDE];

static int32_t rounded(int32_t sum, int32_t count) { return sum >= 0 ? (sum + count / 2) / count : -((-sum + count / 2) / count); }
static void pool(int window, int stride, int maximum) {
    for (int y = 0; y + 1 <= SIDE; y += stride) for (int x = 0; x + 1 <= SIDE; x += stride) for (int c = 0; c < CHANNELS; c++) {
        int32_t best = -129, sum = 0, count = 0;
        for (int j = y; j < y + window && j < SIDE; j++) for (int i = x; i < x + window && i < SIDE; i++) {
            int8_t value = map[j][i][c];
            best = value > best ? value : best, sum += value, count++;
        }
        mix((uint32_t)(maximum ? best : rounded(sum, count)));
    }
}
static int argmax(const int16_t *values, int count) {
    int best = 0;
    for (int i = 1; i < count; i++) if (values[i] > values[best]) best = i;
    return best;
}

int program(void) {
    for (int y = 0; y < SIDE; y++) for (int x = 0; x < SIDE; x++) for (int c = 0; c < CHANNELS; c++) map[y][x][c] = (int8_t)random_word();
    for (int window = 2; window <= 4; window++) pool(window, window - 1, 1), pool(window, window, 0);
    int32_t sums[CHANNELS] = {0};
    for (int y = 0; y < SIDE; y++) for (int x = 0; x < SIDE; x++) for (int c = 0; c < CHANNELS; c++) sums[c] += map[y][x][c];
    for (int c = 0; c < CHANNELS; c++) say_hex((uint32_t)rounded(sums[c], SIDE * SIDE));
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < SIDE * SIDE; i++) wide[i] = (int16_t)(random_word() & (round & 1 ? 0x7 : 0xffff));
        mix((uint32_t)argmax(wide, SIDE * SIDE - round));
    }
    return 0;
}

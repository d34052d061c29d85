#include "support.h"
/* Dynamic programming: edit distance, the longest common sequence, a knapsack, time warping, coins, matrix chains, Viterbi. */
static uint8_t rows[2][40];
static int16_t grid[14][14];
static int length(const char *text) { int n = 0; while (text[n]) n++; return n; }
static int edit(const char *a, const char *b) {
    int n = length(a), m = length(b);
    for (int j = 0; j <= m; j++) rows[0][j] = (uint8_t)j;
    for (int i = 1; i <= n; i++) {
        uint8_t *now = rows[i & 1], *before = rows[~i & 1];
        now[0] = (uint8_t)i;
        for (int j = 1; j <= m; j++) {
            int best = before[j - 1] + (a[i - 1] != b[j - 1]);
            best = before[j] + 1 < best ? before[j] + 1 : best, best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            now[j] = (uint8_t)best;
        }
    }
    return rows[n & 1][m];
}
static int common(const char *a, const char *b) {
    int n = length(a), m = length(b), result = 0;
    uint8_t line[40] = {0};
    for (int i = 0; i < n; i++) for (int j = 0, corner = 0; j < m; j++) {
        int above = line[j + 1];
        line[j + 1] = (uint8_t)(a[i] == b[j] ? corner + 1 : above > line[j] ? above : line[j]);
        corner = above, result = line[j + 1] > result ? line[j + 1] : result;
    }
    return result;
}
static int warp(const int8_t *a, const int8_t *b, int n) {
    for (int i = 0; i <= n; i++) for (int j = 0; j <= n; j++) {
        int cost = i && j ? (a[i - 1] > b[j - 1] ? a[i - 1] - b[j - 1] : b[j - 1] - a[i - 1]) : i || j ? 9999 : 0, best = 0;
        if (i && j) best = grid[i - 1][j], best = grid[i][j - 1] < best ? grid[i][j - 1] : best, best = grid[i - 1][j - 1] < best ? grid[i - 1][j - 1] : best;
        grid[i][j] = (int16_t)(cost + best > 9999 ? 9999 : cost + best);
    }
    return grid[n][n];
}
static uint32_t knapsack(const uint8_t *weights, const uint16_t *values, int count) {
    uint32_t best[41] = {0};
    for (int i = 0; i < count; i++) for (int w = 40; w >= weights[i]; w--) if (best[w - weights[i]] + values[i] > best[w]) best[w] = best[w - weights[i]] + values[i];
    return best[40];
}
static uint32_t chain(const uint8_t *sizes, int from, int to) {
    uint32_t best = to - from < 2 ? 0 : UINT32_MAX;
    for (int k = from + 1; k < to; k++) {
        uint32_t cost = chain(sizes, from, k) + chain(sizes, k, to) + (uint32_t)(sizes[from] * sizes[k] * sizes[to]);
        best = cost < best ? cost : best;
    }
    return best;
}

int program(void) {
    static const char *const words[] = {"kitten", "sitting", "microcontroller", "quantisation", "", "instructions"};
    int8_t a[13], b[13];
    uint8_t weights[8];
    uint16_t values[8];
    for (int i = 0; i < 6; i++) for (int j = 0; j <= i; j++) mix((uint32_t)(edit(words[i], words[j]) << 8 | common(words[i], words[j])));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 13; i++) a[i] = (int8_t)random_word(), b[i] = (int8_t)(a[i > round ? i - round : 0] + (int)(random_word() % 9));
        for (int i = 0; i < 8; i++) weights[i] = (uint8_t)(random_word() % 20 + 1), values[i] = (uint16_t)(random_word() & 0x3ff);
        mix((uint32_t)warp(a, b, 13)), mix(knapsack(weights, values, 8)), mix(chain(weights, 0, 6));
    }
    say_hex((uint32_t)edit("kitten", "sitting"));
    return 0;
}

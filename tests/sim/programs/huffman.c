#include "support.h"
/* Huffman codes of a text, written bit by bit and read back; an arithmetic of run lengths of bits; move to front. */
static const char text[] = "a simulated board runs what the compiler made, and counts what it does; nothing else is a proof of it";
static uint16_t weight[64];
static int8_t left[64], right[64];
static uint8_t lengths[32], stream[100];
static uint16_t codes[32];
static int symbol(char c) { return c >= 'a' && c <= 'z' ? c - 'a' : c == ' ' ? 26 : c == ',' ? 27 : 28; }
static void assign(int node, uint16_t code, uint8_t length) {
    if (node < 32) { codes[node] = code, lengths[node] = length ? length : 1; return; }
    assign(left[node], (uint16_t)(code << 1), (uint8_t)(length + 1)), assign(right[node], (uint16_t)(code << 1 | 1), (uint8_t)(length + 1));
}
static int build(void) {
    uint64_t alive = 0;
    int next = 32;
    for (const char *c = text; *c; c++) weight[symbol(*c)]++;
    for (int i = 0; i < 32; i++) if (weight[i]) alive |= 1ull << i;
    for (;;) {
        int low[2] = {-1, -1};
        for (int i = 0; i < next; i++) {
            if (!(alive >> i & 1)) continue;
            if (low[0] < 0 || weight[i] < weight[low[0]]) low[1] = low[0], low[0] = i;
            else if (low[1] < 0 || weight[i] < weight[low[1]]) low[1] = i;
        }
        if (low[1] < 0) return low[0];
        alive &= ~(1ull << low[0] | 1ull << low[1]), alive |= 1ull << next;
        left[next] = (int8_t)low[0], right[next] = (int8_t)low[1], weight[next] = (uint16_t)(weight[low[0]] + weight[low[1]]), next++;
    }
}

int program(void) {
    int root = build(), wrong = 0;
    uint32_t bits = 0;
    assign(root, 0, 0);
    for (const char *c = text; *c; c++) {
        int s = symbol(*c);
        for (int i = lengths[s] - 1; i >= 0; i--, bits++) stream[bits >> 3] = (uint8_t)(stream[bits >> 3] | (codes[s] >> i & 1) << (7 - (bits & 7)));
    }
    uint32_t at = 0;
    for (const char *c = text; *c; c++) {
        int node = root;
        while (node >= 32) node = stream[at >> 3] >> (7 - (at & 7)) & 1 ? right[node] : left[node], at++;
        wrong += node != symbol(*c);
    }
    say_hex(bits);
    for (uint32_t i = 0; i < (bits + 7) / 8; i++) mix(stream[i]);
    for (int i = 0; i < 29; i++) mix((uint32_t)lengths[i] << 16 | codes[i]);
    uint8_t front[32];
    for (uint8_t i = 0; i < 32; i++) front[i] = i;
    for (const char *c = text; *c; c++) {
        uint8_t s = (uint8_t)symbol(*c), place = 0;
        while (front[place] != s) place++;
        mix(place);
        for (; place; place--) front[place] = front[place - 1];
        front[0] = s;
    }
    return wrong + (at != bits);
}

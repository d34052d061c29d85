#include "support.h"
/* An LSTM cell in int16: gates by a table with interpolation, a state that saturates. */
enum { INPUTS = 6, CELLS = 5, GATES = 4 };
static int8_t kernel[GATES][CELLS][INPUTS], recurrent[GATES][CELLS][CELLS];
static int16_t state[CELLS], hidden[CELLS];
static const int16_t logistic[33] = {11, 18, 30, 50, 82, 135, 222, 365, 598, 977, 1588, 2554, 4050, 6270, 9328, 13126, 16384,
    19641, 23439, 26497, 28717, 30213, 31179, 31790, 32169, 32402, 32545, 32632, 32685, 32717, 32737, 32749, 32756};

/* A logistic of Q4.12, as Q0.15. */
static int16_t gate(int32_t x) {
    x = x < -32768 ? -32768 : x > 32767 ? 32767 : x;
    int at = (x + 32768) >> 11, rest = (x + 32768) & 2047;
    return (int16_t)(logistic[at] + ((logistic[at + 1] - logistic[at]) * rest >> 11));
}
static int16_t hyperbolic(int32_t x) { return (int16_t)(2 * gate(2 * x) - 32768 > 32767 ? 32767 : 2 * gate(2 * x) - 32768); }

static void step(const int8_t *input) {
    int16_t before[CELLS];
    for (int c = 0; c < CELLS; c++) before[c] = hidden[c];
    for (int c = 0; c < CELLS; c++) {
        int32_t sums[GATES];
        for (int g = 0; g < GATES; g++) {
            sums[g] = (g == 1) << 12;
            for (int i = 0; i < INPUTS; i++) sums[g] += input[i] * kernel[g][c][i] >> 1;
            for (int i = 0; i < CELLS; i++) sums[g] += before[i] * recurrent[g][c][i] >> 9;
        }
        int32_t in = gate(sums[0]), forget = gate(sums[1]), new = hyperbolic(sums[2]), out = gate(sums[3]);
        int32_t next = (state[c] * forget >> 15) + (in * new >> 18);
        state[c] = (int16_t)(next > 32767 ? 32767 : next < -32768 ? -32768 : next);
        hidden[c] = (int16_t)(out * hyperbolic(state[c]) >> 15);
    }
}

int program(void) {
    for (unsigned i = 0; i < sizeof kernel; i++) (&kernel[0][0][0])[i] = (int8_t)(random_word() >> 5);
    for (unsigned i = 0; i < sizeof recurrent; i++) (&recurrent[0][0][0])[i] = (int8_t)(random_word() >> 9);
    for (int t = 0; t < 14; t++) {
        int8_t input[INPUTS];
        for (int i = 0; i < INPUTS; i++) input[i] = (int8_t)random_word();
        step(input);
        for (int c = 0; c < CELLS; c++) mix((uint16_t)hidden[c]), mix((uint16_t)state[c]);
        if (t % 5 == 4) say_hex((uint16_t)hidden[t % CELLS]);
    }
    return 0;
}

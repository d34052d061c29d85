#include "support.h"
/* Random number generators: Mersenne twister (short), PCG, xoshiro, a lagged Fibonacci, an LFSR, Lehmer; shuffles and a normal. */
static uint32_t twister[32], fibonacci[17], x128[4] = {1, 2, 3, 4};
static uint64_t pcg_state = 0x853c49e6748fea9bull, lehmer = 1;
static uint32_t pcg(void) {
    uint64_t old = pcg_state;
    pcg_state = old * 6364136223846793005ull + 1442695040888963407ull;
    uint32_t shifted = (uint32_t)((old >> 18 ^ old) >> 27), turn = (uint32_t)(old >> 59);
    return shifted >> turn | shifted << (-turn & 31);
}
static uint32_t rotated(uint32_t x, int by) { return x << by | x >> (32 - by); }
static uint32_t xoshiro(void) {
    uint32_t result = rotated(x128[1] * 5, 7) * 9, held = x128[1] << 9;
    x128[2] ^= x128[0], x128[3] ^= x128[1], x128[1] ^= x128[2], x128[0] ^= x128[3], x128[2] ^= held, x128[3] = rotated(x128[3], 11);
    return result;
}
static uint32_t twist(unsigned at) {
    uint32_t y = (twister[at & 31] & 0x80000000) | (twister[(at + 1) & 31] & 0x7fffffff);
    y = twister[at & 31] = twister[(at + 13) & 31] ^ y >> 1 ^ (-(y & 1) & 0x9908b0df);
    y ^= y >> 11, y ^= y << 7 & 0x9d2c5680, y ^= y << 15 & 0xefc60000;
    return y ^ y >> 18;
}
static uint32_t below(uint32_t limit) {
    uint64_t product = (uint64_t)pcg() * limit;
    if ((uint32_t)product < limit) for (uint32_t least = -limit % limit; (uint32_t)product < least;) product = (uint64_t)pcg() * limit;
    return (uint32_t)(product >> 32);
}
static uint16_t lfsr(uint16_t x) { return (uint16_t)(x >> 1 ^ (-(x & 1) & 0xb400)); }

int program(void) {
    uint8_t cards[52];
    uint16_t bits = 0xace1;
    uint32_t histogram[8] = {0};
    for (int i = 0; i < 32; i++) twister[i] = random_word();
    for (int i = 0; i < 17; i++) fibonacci[i] = pcg();
    for (unsigned i = 0; i < 120; i++) {
        mix(pcg()), mix(xoshiro()), mix(twist(i)), bits = lfsr(bits), mix(bits);
        fibonacci[i % 17] += fibonacci[(i + 12) % 17], mix(fibonacci[i % 17]);
        lehmer = lehmer * 48271 % 2147483647, mix((uint32_t)lehmer);
        int32_t normal = 0;
        for (int k = 0; k < 6; k++) normal += (int32_t)(pcg() >> 20);
        histogram[((normal >> 12) + 1) & 7]++;
    }
    for (int i = 0; i < 52; i++) cards[i] = (uint8_t)i;
    for (uint32_t i = 51; i; i--) { uint32_t j = below(i + 1); uint8_t held = cards[i]; cards[i] = cards[j]; cards[j] = held; }
    for (int i = 0; i < 52; i++) mix(cards[i]);
    for (int i = 0; i < 8; i++) mix(histogram[i]);
    say_hex((uint32_t)cards[0] << 24 | (uint32_t)cards[1] << 16 | bits);
    return 0;
}

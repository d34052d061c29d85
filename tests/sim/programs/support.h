/* What every test program uses: output by semihosting, a hash, a random number. */
#include <stddef.h>
#include <stdint.h>

void say(const char *text);
void say_hex(uint32_t value);
/* Mixes a word into the program's hash, which is said at the end. */
void mix(uint32_t value);
void mix_float(float value);
void mix_double(double value);
uint32_t random_word(void);
void *copy(void *to, const void *from, size_t count);
int program(void);

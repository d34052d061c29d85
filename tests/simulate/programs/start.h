#include <stddef.h>
#include <stdint.h>
/* Serves `operation` by semihosting. */
uint32_t call(uint32_t operation, const void *argument);
void say(const char *text);
void say_number(uint32_t value);
int program(void);

/* What a program that cargo-tinyml runs on this machine has of the outside: two pipes. */
#ifndef TML_NATIVE_H
#define TML_NATIVE_H

#include <stddef.h>

/* Reads up to `n` bytes of standard input; returns how many, 0 at its end. */
size_t tml_read(void *to, size_t n);

/* Writes `n` bytes to standard output; ends the program if nobody reads them. */
void tml_write(const void *from, size_t n);

#endif

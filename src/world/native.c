/* Standard input and output of a native program. On Linux by system calls, without a C library: building one takes
   up to a minute the first time (`TML_BARE`). Elsewhere by the system's C library. */
#include "native.h"

#if defined(TML_BARE)

int main(void);

#if defined(__x86_64__)
enum { CALL_READ = 0, CALL_WRITE = 1, CALL_EXIT = 60 };
static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}
__asm__(".globl _start\n_start:\n xorl %ebp, %ebp\n andq $-16, %rsp\n call tml_start\n");
#else
enum { CALL_READ = 63, CALL_WRITE = 64, CALL_EXIT = 93 };
static long call(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n bl tml_start\n");
#endif

void tml_start(void);
void tml_start(void) {
    call(CALL_EXIT, main(), 0, 0);
    for (;;) {
    }
}

enum { INTERRUPTED = -4 };

size_t tml_read(void *to, size_t n) {
    long got;
    do {
        got = call(CALL_READ, 0, (long)to, (long)n);
    } while (got == INTERRUPTED);
    return got > 0 ? (size_t)got : 0;
}

void tml_write(const void *from, size_t n) {
    const char *at = from;
    while (n > 0) {
        long put = call(CALL_WRITE, 1, (long)at, (long)n);
        if (put == INTERRUPTED) {
            continue;
        }
        if (put <= 0) {
            call(CALL_EXIT, 1, 0, 0);
        }
        at += put;
        n -= (size_t)put;
    }
}

/* A compiler may call these wherever it copies or clears. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

__attribute__((no_builtin)) void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    unsigned char *out = to;
    const unsigned char *in = from;
    while (n-- > 0) {
        *out++ = *in++;
    }
    return to;
}

__attribute__((no_builtin)) void *memmove(void *to, const void *from, size_t n) {
    unsigned char *out = to;
    const unsigned char *in = from;
    if (out < in) {
        while (n-- > 0) {
            *out++ = *in++;
        }
    } else {
        while (n-- > 0) {
            out[n] = in[n];
        }
    }
    return to;
}

__attribute__((no_builtin)) void *memset(void *to, int value, size_t n) {
    unsigned char *out = to;
    while (n-- > 0) {
        *out++ = (unsigned char)value;
    }
    return to;
}

__attribute__((no_builtin)) int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *x = a;
    const unsigned char *y = b;
    for (; n > 0; n--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}

#else

#include <stdio.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
static void binary(void) {
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
}
#else
static void binary(void) {}
#endif

size_t tml_read(void *to, size_t n) {
    binary();
    return fread(to, 1, n, stdin);
}

void tml_write(const void *from, size_t n) {
    binary();
    if (fwrite(from, 1, n, stdout) != n) {
        exit(1);
    }
}

#endif

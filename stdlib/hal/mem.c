/* The four memory functions that compilers call by themselves, and Arm's names for them (Run-time ABI, section 4.3.4).
 * Words where both ends are aligned, because every copy of activations goes through here. */
#include <stddef.h>
#include <stdint.h>

/* Without this the compiler would turn each loop into a call of the very function it is in. */
#if defined(__clang__)
#define PLAIN __attribute__((used))
#else
#define PLAIN __attribute__((used, optimize("no-tree-loop-distribute-patterns")))
#endif

typedef uint32_t __attribute__((may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

PLAIN void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    if ((((uintptr_t)out | (uintptr_t)in) & 3u) == 0) {
        for (; size >= 4; size -= 4, out += 4, in += 4)
            *(word *)(void *)out = *(const word *)(const void *)in;
    }
    while (size-- != 0)
        *out++ = *in++;
    return to;
}

PLAIN void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    if ((uintptr_t)out - (uintptr_t)in >= size)
        return memcpy(to, from, size);
    while (size-- != 0)
        out[size] = in[size];
    return to;
}

PLAIN void *memset(void *to, int value, size_t size)
{
    unsigned char *out = to;
    for (; size != 0 && ((uintptr_t)out & 3u) != 0; size--)
        *out++ = (unsigned char)value;
    word filled = (unsigned char)value * 0x01010101u;
    for (; size >= 4; size -= 4, out += 4)
        *(word *)(void *)out = filled;
    while (size-- != 0)
        *out++ = (unsigned char)value;
    return to;
}

PLAIN int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a, *right = b;
    for (; size-- != 0; left++, right++)
        if (*left != *right)
            return *left < *right ? -1 : 1;
    return 0;
}

#if defined(__arm__)
#define SAME(as) __attribute__((used, alias(#as)))
void *__aeabi_memcpy(void *restrict to, const void *restrict from, size_t size) SAME(memcpy);
void *__aeabi_memcpy4(void *restrict to, const void *restrict from, size_t size) SAME(memcpy);
void *__aeabi_memcpy8(void *restrict to, const void *restrict from, size_t size) SAME(memcpy);
void *__aeabi_memmove(void *to, const void *from, size_t size) SAME(memmove);
void *__aeabi_memmove4(void *to, const void *from, size_t size) SAME(memmove);
void *__aeabi_memmove8(void *to, const void *from, size_t size) SAME(memmove);

/* Size before value, unlike memset. */
void __aeabi_memset(void *to, size_t size, int value);
void __aeabi_memclr(void *to, size_t size);

PLAIN void __aeabi_memset(void *to, size_t size, int value)
{
    memset(to, value, size);
}

PLAIN void __aeabi_memclr(void *to, size_t size)
{
    memset(to, 0, size);
}

void __aeabi_memset4(void *to, size_t size, int value) SAME(__aeabi_memset);
void __aeabi_memset8(void *to, size_t size, int value) SAME(__aeabi_memset);
void __aeabi_memclr4(void *to, size_t size) SAME(__aeabi_memclr);
void __aeabi_memclr8(void *to, size_t size) SAME(__aeabi_memclr);
#endif

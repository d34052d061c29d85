/* Every file operation of semihosting; what each returned is printed. */
#include "start.h"

static uint32_t length(const char *text) {
    uint32_t count = 0;
    while (text[count]) count++;
    return count;
}

static uint32_t open(const char *name, uint32_t mode) {
    uint32_t block[3] = {(uint32_t)name, mode, length(name)};
    return call(0x01, block);
}

static uint32_t transfer(uint32_t operation, uint32_t handle, void *bytes, uint32_t size) {
    uint32_t block[3] = {handle, (uint32_t)bytes, size};
    return call(operation, block);
}

static uint32_t one(uint32_t operation, uint32_t handle) { return call(operation, &handle); }

static uint32_t seek(uint32_t handle, uint32_t position) {
    uint32_t block[2] = {handle, position};
    return call(0x0a, block);
}

static uint32_t remove(const char *name) {
    uint32_t block[2] = {(uint32_t)name, length(name)};
    return call(0x0e, block);
}

static uint32_t rename(const char *from, const char *to) {
    uint32_t block[4] = {(uint32_t)from, length(from), (uint32_t)to, length(to)};
    return call(0x0f, block);
}

static void tell(const char *what, uint32_t value) {
    say(what);
    say(" ");
    if ((int32_t)value < 0) say("-1");
    else say_number(value);
    say("\n");
}

static const char *const attacks[] = {
    "/etc/passwd", "../outside.txt", "inner/../../outside.txt", "link.txt", "linked/outside.txt", "..", ".", "",
    "inner/..", "C:\\windows\\win.ini", "..\\outside.txt", "inner", "pipe", "/dev/zero", "//etc/passwd", "./../outside.txt",
};

int program(void) {
    static char buffer[64];
    uint32_t handle = open("made.txt", 4);
    tell("wrote", transfer(0x05, handle, "hello files", 11));
    tell("flen", one(0x0c, handle));
    tell("istty", one(0x09, handle));
    tell("read a file for writing", transfer(0x06, handle, buffer, 4));
    tell("errno", call(0x13, 0));
    tell("close", one(0x02, handle));
    tell("closed twice", one(0x02, handle));
    handle = open("made.txt", 0);
    tell("seek", seek(handle, 6));
    tell("read", transfer(0x06, handle, buffer, 64));
    say(buffer);
    say("\n");
    tell("at the end", transfer(0x06, handle, buffer, 64));
    tell("write a file for reading", transfer(0x05, handle, buffer, 4));
    tell("seek behind the end", seek(handle, 1000));
    one(0x02, handle);
    handle = open("made.txt", 8);
    transfer(0x05, handle, "!", 1);
    one(0x02, handle);
    tell("given", one(0x0c, open("given.txt", 0)));
    tell("rename", rename("made.txt", "inner/moved.txt"));
    tell("remove what is gone", remove("made.txt"));
    for (uint32_t at = 0; at < sizeof attacks / sizeof attacks[0]; at++) {
        tell("attack", open(attacks[at], 0));
        tell("attack", open(attacks[at], 4));
        tell("attack", (uint32_t)-(int32_t)(remove(attacks[at]) != 0));
        tell("attack", (uint32_t)-(int32_t)(rename("given.txt", attacks[at]) != 0));
        tell("attack", (uint32_t)-(int32_t)(rename(attacks[at], "stolen.txt") != 0));
    }
    for (int at = 0; at < 100; at++) handle = open("given.txt", 0);
    tell("many", handle);
    return 0;
}

/* The services of semihosting without files. */
#include "start.h"

static void tell(const char *what, uint32_t value) {
    say(what);
    say(" ");
    if ((int32_t)value < 0) say("-1");
    else say_number(value);
    say("\n");
}

int program(void) {
    static char line[64];
    uint32_t command[2] = {(uint32_t)line, sizeof line};
    tell("cmdline", call(0x15, command));
    say(line);
    say("\n");
    tell("length", command[1]);
    command[1] = 3;
    tell("too short", call(0x15, command));
    uint32_t areas[4], *pointer = areas;
    tell("heapinfo", call(0x16, &pointer));
    extern char end, _stack_top, _stack_bottom;
    tell("heap", areas[0] == (uint32_t)&end && areas[1] > areas[0]);
    tell("stack", areas[2] == (uint32_t)&_stack_top && areas[3] == (uint32_t)&_stack_bottom);
    tell("tickfreq", call(0x31, 0));
    uint64_t before, after;
    call(0x30, &before);
    for (volatile int at = 0; at < 1200000; at++) {}
    call(0x30, &after);
    tell("ticks passed", (uint32_t)(after - before) > 1200000);
    tell("clock", call(0x10, 0) == (uint32_t)(after * 100 / call(0x31, 0)));
    tell("time", call(0x11, 0));
    uint32_t status = (uint32_t)-5;
    tell("iserror", call(0x08, &status) != 0);
    status = 5;
    tell("iserror", call(0x08, &status));
    tell("system", call(0x12, (uint32_t[2]){(uint32_t) "echo pwned", 10}));
    tell("errno", call(0x13, 0));
    tell("readc", call(0x07, 0));
    uint32_t open[3] = {(uint32_t) ":tt", 0, 3};
    uint32_t input = call(0x01, open);
    uint32_t read[3] = {input, (uint32_t)line, 5};
    tell("read", call(0x06, read));
    line[5] = 0;
    say(line);
    tell("\nistty", call(0x09, &input));
    uint32_t magic[3] = {(uint32_t) ":semihosting-features", 0, 21};
    uint32_t features = call(0x01, magic);
    uint32_t block[3] = {features, (uint32_t)line, 5};
    tell("features", call(0x06, block));
    tell("shfb", line[0] == 'S' && line[1] == 'H' && line[2] == 'F' && line[3] == 'B' && line[4] == 3);
    uint32_t file[3] = {(uint32_t) "given.txt", 0, 9};
    tell("files without a folder", call(0x01, file));
    call(3, "c");
    return 42;
}

//! Answers to a prompt: a good one, and those that must be refused.

/// What is asked for.
pub(crate) const GOOD: &str = "\
Each is multiplied by a tenth:

```c
#include \"tml.h\"

void tenth(const float x[2], float out[2])
{
    for (int i = 0; i < 2; i++)
        out[i] = x[i] * 0.1f;
}
```

That is all.
";

/// What is wrong, the answer, the code of the diagnostic, a part of what it says.
type Answer = (&'static str, String, &'static str, &'static str);

/// A body that does what is asked.
const BODY: &str = "out[0] = x[0] * 0.1f; out[1] = x[1] * 0.1f;";

/// All that must be refused.
pub(crate) fn bad() -> Vec<Answer> {
    [not_code(), refused_text(), refused_object(), refused_run()].concat()
}

fn fenced(code: &str) -> String {
    format!("```c\n{code}\n```\n")
}

/// The function with another body.
fn body(body: &str) -> String {
    fenced(&format!("#include \"tml.h\"\nvoid tenth(const float x[2], float out[2])\n{{\n{body}\n}}"))
}

/// The right function, and something before it.
fn with(before: &str) -> String {
    fenced(&format!("{before}\nvoid tenth(const float x[2], float out[2])\n{{ {BODY} }}"))
}

/// Not one file of code.
fn not_code() -> Vec<Answer> {
    vec![
        ("two blocks", GOOD.to_string() + GOOD, "tml::answer", "2 code blocks"),
        ("no block", "I can't do that.".into(), "tml::answer", "no code block"),
        ("cut off", GOOD.split("out[i]").next().expect("a part").into(), "tml::answer", "cut off"),
    ]
}

/// Text that reaches around the language.
fn refused_text() -> Vec<Answer> {
    vec![
        ("include", with("#include <stdio.h>"), "tml::gate::text", "<stdio.h>"),
        ("spliced include", with("#\\\ninclude \"/etc/passwd\""), "tml::gate::text", "passwd"),
        ("macro include", with("#define WHAT <stdio.h>\n#include WHAT"), "tml::gate::text", "includes WHAT"),
        ("commented include", with("#include/**/<stdio.h>"), "tml::gate::text", "includes"),
        ("embed", with("const unsigned char e[] = {\n#embed \"/etc/passwd\"\n};"), "tml::gate::text", "#embed"),
        ("pragma", with("#pragma GCC poison float"), "tml::gate::text", "#pragma"),
        ("asm", body("__asm__ volatile(\"nop\");"), "tml::gate::text", "__asm__"),
        ("attribute", with("__attribute__((constructor)) void first(void) {}"), "tml::gate::text", "__attribute__"),
    ]
}

/// What the compiler or its object says against.
fn refused_object() -> Vec<Answer> {
    vec![
        ("syntax", body("out[0] = x[0] *;"), "tml::gate::compile", "tenth.c"),
        ("empty block", fenced(""), "tml::gate::symbol", "doesn't define `tenth`"),
        (
            "wrong type",
            fenced("void tenth(const int x[2], float out[2]) { out[0] = x[0]; out[1] = 0; }"),
            "tml::gate::compile",
            "conflicting types",
        ),
        (
            "wrong name",
            fenced("void tenths(const float x[2], float out[2]) { out[0] = x[0]; out[1] = 0; }"),
            "tml::gate::",
            "tenth",
        ),
        (
            "static",
            fenced(&format!("static void tenth(const float x[2], float out[2]) {{ {BODY} }}")),
            "tml::gate::",
            "tenth",
        ),
        (
            "state",
            body(&format!("static int calls; calls++; {BODY} out[0] += (float)(calls / 1000000);")),
            "tml::gate::symbol",
            "state between calls",
        ),
        ("global", with("float last;\nvoid keep(float x);\nvoid keep(float x) { last = x; }"), "tml::gate::", "tenth"),
        ("libc", body("extern float expf(float); out[0] = expf(x[0]); out[1] = 0;"), "tml::gate::symbol", "`expf`"),
        (
            "malloc",
            body("extern void *malloc(unsigned); float *p = malloc(8); p[0] = x[0]; out[0] = p[0]; out[1] = p[0];"),
            "tml::gate::",
            "malloc",
        ),
        ("bounds behind", body("for (int i = 0; i < 3; i++) out[i] = 0.0f; (void)x;"), "tml::gate::", ""),
        (
            "light",
            body(&format!("{BODY} tml_led(0, true);")),
            "tml::gate::symbol",
            "`tml_led`, which is for applications",
        ),
        ("clock", body(&format!("{BODY} out[1] += (float)tml_millis() * 0.0f;")), "tml::gate::symbol", "`tml_millis`"),
        ("main", with("int main(void);\nint main(void) { return 0; }"), "tml::gate::symbol", "also defines `main`"),
        ("helper", with("float help(void);\nfloat help(void) { return 0; }"), "tml::gate::symbol", "make it `static`"),
        (
            "recursion",
            fenced(
                "void tenth(const float x[2], float out[2]) { volatile float r = x[0]; tenth(x, out); out[0] = r; }",
            ),
            "tml::gate::compile",
            "",
        ),
        (
            "not UTF-8",
            String::from("```c\nvoid tenth(const float x[2], float out[2]) { \u{fffd} }\n```"),
            "tml::gate::compile",
            "",
        ),
    ]
}

/// What only a run shows.
fn refused_run() -> Vec<Answer> {
    vec![
        (
            "bounds hidden",
            body("volatile int n = 3; for (int i = 0; i < n; i++) out[i] = (i < 2 ? x[i] : 1.0f) * 0.1f;"),
            "tml::gate::bounds",
            "behind `out`",
        ),
        (
            "bounds before",
            body(&format!("volatile int n = -1; {BODY} ((float *)x)[n] = 1.0f;")),
            "tml::gate::bounds",
            "",
        ),
        (
            "bounds far",
            body(&format!("volatile int n = 400; {BODY} out[n] = 1.0f;")),
            "tml::gate::bounds",
            "memory that isn't its own",
        ),
        (
            "other memory",
            body(&format!("volatile float *p = (volatile float *)0x20010000u; {BODY} out[0] += *p * 0.0f;")),
            "tml::gate::bounds",
            "a read at 0x20010000",
        ),
        (
            "input changed",
            body(&format!("{BODY} ((volatile float *)x)[0] = 3.0f;")),
            "tml::gate::bounds",
            "changes its argument `x`",
        ),
        ("wrong", body("out[0] = x[0] * 0.1f; out[1] = x[1] * 0.2f;"), "tml::gate::case", "line 2"),
        (
            "unwritten",
            body("out[0] = x[0] * 0.1f; if (x[1] > 1e9f || x[1] < 1e9f) return; out[1] = 0.0f;"),
            "tml::gate::deterministic",
            "unwritten",
        ),
        (
            "endless",
            body("volatile int on = 1; while (on) { } out[0] = x[0]; out[1] = 0.0f;"),
            "tml::gate::crash",
            "stops the board",
        ),
        ("null", body(&format!("{BODY} *(volatile int *)0xfffffff0u = 1;")), "tml::gate::crash", "stops the board"),
        (
            "device",
            body(&format!("{BODY} *(volatile int *)0x40020000u = 1;")),
            "tml::gate::bounds",
            "memory that isn't its own",
        ),
        (
            "not finite",
            body("out[0] = x[0] * 0.1f; out[1] = x[0] == 0.0f ? 1.0f / x[0] : x[1] * 0.1f;"),
            "tml::gate::finite",
            "finite",
        ),
    ]
}

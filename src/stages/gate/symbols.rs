//! What an object file of generated code may need and keep: names from `tml.h` and the compiler's runtime, no state.

use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

use crate::base::Diag;

/// Prefixes of the run-time ABI for the Arm architecture (soft float, division) that compilers call by themselves.
const RUNTIME_PREFIXES: &[&str] =
    &["__aeabi_", "__gnu_", "__divdi", "__moddi", "__udiv", "__umod", "__muldi", "__ashl", "__lshr", "__ashr"];

/// Whole names that compilers call by themselves.
const RUNTIME: &[&str] = &["memcpy", "memset", "memmove", "memcmp", "sqrtf"];

/// How much a function may do beside computing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rules {
    /// Generated, with a result: nothing but that.
    Transform,
    /// Generated, without one: state, lights and texts are what it is for.
    Application,
    /// A person's own: as an application, and with as many functions as it likes.
    Extern,
}

/// Refuses an object that doesn't define `name`, needs a name that isn't allowed, or has state between calls.
pub(super) fn check(name: &str, object_file: &[u8], rules: Rules) -> Result<(), Diag> {
    let file = object::File::parse(object_file)
        .map_err(|error| Diag::error("tml::bug", format!("bug: the compiler's object can't be read: {error}")))?;
    let defined =
        file.symbols().any(|symbol| symbol.name() == Ok(name) && symbol.is_global() && !symbol.is_undefined());
    if !defined {
        return Err(refused(
            format!("the code doesn't define `{name}`"),
            "define the function of the prototype, not static",
        ));
    }
    if rules != Rules::Extern {
        nothing_else(name, &file)?;
    }
    for symbol in file.symbols().filter(ObjectSymbol::is_undefined) {
        let needed = symbol.name().unwrap_or_default();
        if rules == Rules::Transform && needed.starts_with("tml_") {
            let title = format!("`{name}` needs `{needed}`, which is for applications");
            return Err(refused(title, "compute the result from the arguments alone"));
        }
        if !(needed.is_empty() || allowed(needed)) {
            let title = format!("`{name}` needs `{needed}`, which isn't in tml.h");
            return Err(refused(title, "use what tml.h declares"));
        }
    }
    if rules == Rules::Transform {
        no_state(name, &file)?;
    }
    Ok(())
}

/// Other names would meet those of the firmware and of other functions: `main`, `helper`.
fn nothing_else(name: &str, file: &object::File<'_>) -> Result<(), Diag> {
    let other = |found: &str| !found.is_empty() && found != name;
    let mut global = file.symbols().filter(|symbol| symbol.is_global() && !symbol.is_undefined());
    match global.find_map(|symbol| symbol.name().ok().filter(|found| other(found))) {
        Some(found) => Err(refused(format!("the code of `{name}` also defines `{found}`"), "make it `static`")),
        None => Ok(()),
    }
}

fn no_state(name: &str, file: &object::File<'_>) -> Result<(), Diag> {
    let writable = |kind| matches!(kind, SectionKind::Data | SectionKind::UninitializedData);
    match file.sections().find(|section| writable(section.kind()) && section.size() > 0) {
        Some(section) => {
            let size = section.size();
            let title = format!("`{name}` keeps {size} bytes of state between calls");
            Err(refused(title, "make it a function of its arguments: no global or static variable"))
        }
        None => Ok(()),
    }
}

fn allowed(symbol: &str) -> bool {
    symbol.starts_with("tml_")
        || RUNTIME.contains(&symbol)
        || RUNTIME_PREFIXES.iter().any(|prefix| symbol.starts_with(prefix))
}

fn refused(title: String, help: &str) -> Diag {
    Diag::error("tml::gate::symbol", title).help(help)
}

//! What an image of ours promises about memory, checked by its symbols: nothing is allocated, the model keeps no state
//! but its arena and its operators' memory, and its weights are in flash.

use super::image::{Place, Placed};
use crate::base::Diag;

/// Functions of a heap. No image of ours has one, whatever the user's functions bring.
const HEAP: &[&str] = &["malloc", "free", "calloc", "realloc", "_sbrk", "sbrk", "_malloc_r", "_free_r", "_sbrk_r"];

/// Checks the symbols of the linked image of `model`.
///
/// # Errors
/// `tml::image::heap`: a user's function brought an allocator. Anything else is our own bug.
pub fn audit(model: &str, symbols: &[Placed]) -> Result<(), Diag> {
    for symbol in symbols {
        // `malloc.part.0` is malloc.
        let name = symbol.name.split('.').next().unwrap_or_default();
        if HEAP.contains(&name) {
            let title = format!("the image has a heap: `{}`", symbol.name);
            return Err(Diag::error("tml::image::heap", title)
                .note("memory that is allocated while the program runs can't be promised to be there")
                .help("use variables of fixed size in your own functions"));
        }
        let own = symbol.name.strip_prefix(model).filter(|rest| rest.starts_with('_'));
        if let Some(rest) = own
            && symbol.memory == Place::Ram
            && rest.contains("_layer_")
        {
            let title = format!("bug: `{}` of the model is in work memory instead of flash", symbol.name);
            return Err(Diag::error("tml::bug", title));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str, memory: Place) -> Placed {
        Placed { name: name.into(), address: 0, size: 4, memory, function: false }
    }

    #[test]
    fn heaps_and_copied_weights_are_found() {
        let sound = [
            symbol("net_arena", Place::Ram),
            symbol("net_layer_0_dense_weights", Place::Flash),
            symbol("mallocs", Place::Ram),
        ];
        assert!(audit("net", &sound).is_ok());
        assert_eq!(audit("net", &[symbol("malloc.part.0", Place::Flash)]).unwrap_err().code, "tml::image::heap");
        assert!(audit("net", &[symbol("net_layer_0_dense_weights", Place::Ram)]).is_err());
    }
}

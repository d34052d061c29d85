//! Options of operators: the schema's numbers as our words.

use super::model::Operator;

/// Why an operator can't be taken, and what to do: one sentence.
pub(super) type Refusal = String;

/// An operator's arguments, as `net` takes them.
pub(super) type Args = Vec<(String, String)>;

impl Operator<'_> {
    /// The tensor that it takes at `slot`.
    pub(super) fn taken(&self, slot: usize) -> Result<usize, Refusal> {
        let tensor = self.inputs.get(slot).copied().flatten();
        tensor.ok_or_else(|| format!("it has no input number {slot}: the file is damaged"))
    }

    /// The tensor that it gives.
    pub(super) fn given(&self) -> Result<usize, Refusal> {
        self.outputs.first().copied().ok_or_else(|| "it gives nothing: the file is damaged".to_string())
    }

    /// A 32-bit option.
    pub(super) fn int(&self, slot: usize, default: i32) -> Result<i32, Refusal> {
        self.options.map_or(Ok(default), |options| options.i32(slot, default))
    }

    /// An option of one byte.
    pub(super) fn byte(&self, slot: usize) -> Result<u8, Refusal> {
        self.options.map_or(Ok(0), |options| options.u8(slot, 0))
    }

    /// A truth value.
    pub(super) fn flag(&self, slot: usize) -> Result<bool, Refusal> {
        Ok(self.byte(slot)? != 0)
    }

    /// A float.
    pub(super) fn float(&self, slot: usize, default: f32) -> Result<f32, Refusal> {
        self.options.map_or(Ok(default), |options| options.f32(slot, default))
    }

    /// A fused activation (`ActivationFunctionType`).
    pub(super) fn activation(&self, slot: usize) -> Result<&'static str, Refusal> {
        match self.byte(slot)? {
            0 => Ok("none"),
            1 => Ok("relu"),
            2 => Ok("relu_n1_to_1"),
            3 => Ok("relu6"),
            4 => Err("its fused activation is `tanh`: convert it as a layer of its own".into()),
            other => Err(format!("its fused activation has the unknown number {other}")),
        }
    }

    /// `same` or `valid` (`Padding`).
    pub(super) fn padding(&self, slot: usize) -> Result<&'static str, Refusal> {
        match self.byte(slot)? {
            0 => Ok("same"),
            1 => Ok("valid"),
            other => Err(format!("its padding has the unknown number {other}")),
        }
    }

    /// A pair of sizes from two slots, height first, each from 1 to 65,535.
    pub(super) fn pair(&self, height: usize, width: usize, what: &str) -> Result<[usize; 2], Refusal> {
        let size = |slot| {
            let value = self.int(slot, 1)?;
            let sound = usize::try_from(value).ok().filter(|value| (1..=65_535).contains(value));
            sound.ok_or_else(|| format!("its {what} is {value}"))
        };
        Ok([size(height)?, size(width)?])
    }
}

/// One argument.
#[expect(clippy::needless_pass_by_value, reason = "callers give numbers and words")]
pub(super) fn arg(name: &str, value: impl ToString) -> (String, String) {
    (name.to_string(), value.to_string())
}

/// A list as an argument: `[1, 2]`.
pub(super) fn list<T: ToString>(name: &str, values: &[T]) -> (String, String) {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    (name.to_string(), format!("[{}]", values.join(", ")))
}

//! Why a program stopped: what it did, where, and how it came there.

use std::fmt;

use super::lines::Line;

/// A program's end other than the one that was waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// Address of the instruction.
    pub pc: u32,
    /// The function it is in, by the image's symbols.
    pub function: Option<String>,
    /// The source line, by the image's debug information.
    pub line: Option<Line>,
    /// The registers by name.
    pub registers: Vec<(&'static str, u32)>,
    /// The last taken branches, the latest first.
    pub branches: Vec<Branch>,
}

/// A taken branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branch {
    /// Address of the branch.
    pub from: u32,
    /// Where it went.
    pub to: u32,
    /// The function that it came from.
    pub function: Option<String>,
    /// The source line that it came from.
    pub line: Option<Line>,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// No instruction of this core.
    Undefined {
        /// One or two halfwords, the first in the upper half.
        opcode: u32,
    },
    /// Nothing answers at this address.
    Unmapped {
        /// The address.
        address: u32,
        /// Read or write.
        access: Access,
    },
    /// An address that the instruction or the core doesn't take.
    Misaligned {
        /// The address.
        address: u32,
        /// Read or write.
        access: Access,
    },
    /// A write to program memory.
    WriteToFlash {
        /// The address.
        address: u32,
    },
    /// An access to a guarded range.
    Guard {
        /// The address.
        address: u32,
        /// Read or write.
        access: Access,
    },
    /// A load of memory that was to be stored to first.
    Unwritten {
        /// The address.
        address: u32,
    },
    /// The next instruction isn't in code.
    NotCode {
        /// The address.
        address: u32,
    },
    /// A branch to an address without the Thumb bit.
    NotThumb {
        /// The address.
        address: u32,
    },
    /// The stack pointer is below the stack.
    StackOverflow {
        /// The stack pointer.
        pointer: u32,
        /// The lowest address of the stack.
        limit: u32,
    },
    /// More instructions than allowed.
    Budget {
        /// The allowance.
        instructions: u64,
    },
    /// A floating-point instruction before the program switched the FPU on (CPACR).
    FpuDisabled,
    /// A division by zero while CCR asks for a trap.
    DivideByZero,
    /// `BKPT`.
    Breakpoint {
        /// Its number.
        number: u8,
    },
    /// `SVC`: there is no supervisor.
    Supervisor {
        /// Its number.
        number: u8,
    },
    /// An exception whose vector is no address of code.
    Vector {
        /// Its number: 16 is the first interrupt.
        exception: u16,
        /// What the vector table says.
        address: u32,
    },
    /// A return from an exception that can't be (INVPC).
    ExceptionReturn {
        /// The value that says how to return.
        value: u32,
    },
    /// `WFI` or `WFE`, and nothing that could wake the core.
    WaitsForever,
    /// A semihosting call that isn't served.
    Semihosting {
        /// Its number.
        operation: u32,
    },
    /// The program asked for a reset.
    Reset,
    /// The program ended by semihosting.
    Exit {
        /// Its status, 0 for success.
        status: u32,
    },
}

/// Read or write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Undefined { opcode } => write!(f, "undefined instruction {opcode:#010x}"),
            Self::Unmapped { address, access } => write!(f, "{access} at {address:#010x}, where the board has nothing"),
            Self::Misaligned { address, access } => write!(f, "misaligned {access} at {address:#010x}"),
            Self::WriteToFlash { address } => write!(f, "write to flash at {address:#010x}"),
            Self::Guard { address, access } => write!(f, "{access} outside its buffers at {address:#010x}"),
            Self::Unwritten { address } => write!(f, "read of {address:#010x}, which was never written"),
            Self::NotCode { address } => write!(f, "execution at {address:#010x}, which is not code"),
            Self::NotThumb { address } => write!(f, "branch to {address:#010x} without the Thumb bit"),
            Self::StackOverflow { pointer, limit } => {
                write!(f, "stack overflow: the stack pointer {pointer:#010x} is below {limit:#010x}")
            }
            Self::Budget { instructions } => write!(f, "still running after {instructions} instructions"),
            Self::FpuDisabled => f.write_str("floating-point instruction while the FPU is off"),
            Self::DivideByZero => f.write_str("division by zero"),
            Self::Breakpoint { number } => write!(f, "breakpoint {number}"),
            Self::Supervisor { number } => write!(f, "supervisor call {number}, which nothing serves"),
            Self::Vector { exception, address } => {
                write!(f, "exception {exception}, whose vector {address:#010x} is no code")
            }
            Self::ExceptionReturn { value } => write!(f, "return from an exception by {value:#010x}, which can't be"),
            Self::WaitsForever => f.write_str("waits for an interrupt, and none can come"),
            Self::Semihosting { operation } => write!(f, "semihosting call {operation:#x}, which isn't served"),
            Self::Reset => f.write_str("the program reset the board"),
            Self::Exit { status } => write!(f, "the program ended with status {status}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |function: &Option<String>| function.clone().unwrap_or_else(|| "?".to_string());
        let at = |line: &Option<Line>| line.as_ref().map_or(String::new(), |line| format!(" at {line}"));
        writeln!(f, "{} (pc {:#010x} in {}{})", self.kind, self.pc, name(&self.function), at(&self.line))?;
        for row in self.registers.chunks(4) {
            for (name, value) in row {
                write!(f, "  {name:>4} {value:#010x}")?;
            }
            writeln!(f)?;
        }
        for branch in &self.branches {
            let (from, to) = (branch.from, branch.to);
            writeln!(f, "  from {from:#010x} in {}{} to {to:#010x}", name(&branch.function), at(&branch.line))?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

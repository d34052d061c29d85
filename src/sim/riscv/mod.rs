//! RV32IMC with Zicsr and Zifencei, in machine mode.

mod compressed;
mod cpu;
mod csr;
mod cycles;
mod decode;
mod execute;
mod op;
mod print;

pub(super) use cpu::Cpu;

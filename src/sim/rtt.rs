//! Text that a program left in a SEGGER RTT buffer (SEGGER UM08001, "Real Time Transfer": the control block's layout).

use super::machine::Machine;

const ID: &[u8] = b"SEGGER RTT";
/// Bytes before the descriptors: the id and two counts.
const HEADER: u32 = 24;
/// Offsets in a descriptor.
const BUFFER: u32 = 4;
const SIZE: u32 = 8;
const WRITE: u32 = 12;
const READ: u32 = 16;

impl Machine {
    /// Takes what the program wrote into up-buffer 0 since the last time; empty where the image has no control block.
    pub fn drain_rtt(&mut self) -> Vec<u8> {
        self.take_rtt().unwrap_or_default()
    }

    fn take_rtt(&mut self) -> Option<Vec<u8>> {
        let block = self.symbol("_SEGGER_RTT")?.address;
        if !self.read(block, 16)?.starts_with(ID) || self.word(block.wrapping_add(16))? == 0 {
            return None;
        }
        let up = block.wrapping_add(HEADER);
        let (buffer, size) = (self.word(up + BUFFER)?, self.word(up + SIZE)?);
        let (write, read) = (self.word(up + WRITE)?, self.word(up + READ)?);
        if write >= size || read >= size {
            return None;
        }
        let bytes = self.read(buffer, size)?;
        let (write_at, read_at) = (write as usize, read as usize);
        let text = if read_at <= write_at {
            bytes[read_at..write_at].to_vec()
        } else {
            [&bytes[read_at..], &bytes[..write_at]].concat()
        };
        self.write(up + READ, &write.to_le_bytes()).then_some(text)
    }

    /// A word of memory.
    fn word(&self, address: u32) -> Option<u32> {
        let bytes = self.read(address, 4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

//! The system timer: counts core cycles down from its reload value (DDI 0403E, B3.3).

const ENABLE: u32 = 1;
const INTERRUPT: u32 = 2;
const FLAG: u32 = 1 << 16;

/// The timer of one core.
#[derive(Clone, Default)]
pub(super) struct SysTick {
    control: u32,
    reload: u32,
    /// The cycle at which it next reaches zero, while it is on.
    next: u64,
    /// Its value while it is off.
    held: u32,
    /// It reached zero since the control register was read.
    flag: bool,
}

impl SysTick {
    fn is_on(&self) -> bool {
        self.control & ENABLE != 0 && self.reload != 0
    }

    fn period(&self) -> u64 {
        u64::from(self.reload) + 1
    }

    /// Lets it run up to cycle `now`; true where its interrupt became pending.
    pub(super) fn advance(&mut self, now: u64) -> bool {
        if !self.is_on() || now < self.next {
            return false;
        }
        self.next += ((now - self.next) / self.period() + 1) * self.period();
        self.flag = true;
        self.control & INTERRUPT != 0
    }

    /// The cycle of its next interrupt; the end of time if none will come.
    pub(super) fn next_interrupt(&self) -> u64 {
        if self.is_on() && self.control & INTERRUPT != 0 { self.next } else { u64::MAX }
    }

    /// The counter at cycle `now`, to which it was advanced.
    pub(super) fn value(&self, now: u64) -> u32 {
        if self.is_on() { (self.next.saturating_sub(now) % self.period()) as u32 } else { self.held }
    }

    /// The reload value.
    pub(super) fn reload(&self) -> u32 {
        self.reload
    }

    /// A change of the reload value is seen when the counter next reaches zero.
    pub(super) fn set_reload(&mut self, value: u32, now: u64) {
        let was_on = self.is_on();
        self.reload = value & 0xff_ffff;
        if !was_on {
            self.next = now + self.period();
        }
    }

    /// The control register; reading clears its flag.
    pub(super) fn read_control(&mut self) -> u32 {
        let flag = std::mem::take(&mut self.flag);
        self.control | if flag { FLAG } else { 0 }
    }

    /// Turns it on or off. There is no other clock than the core's.
    pub(super) fn write_control(&mut self, value: u32, now: u64) {
        let held = self.value(now);
        let was_on = self.is_on();
        self.control = value & 7;
        match (was_on, self.is_on()) {
            (false, true) => self.next = now + if self.held == 0 { self.period() } else { u64::from(self.held) },
            (true, false) => self.held = held,
            _ => {}
        }
    }

    /// Any write to the counter clears it.
    pub(super) fn clear(&mut self, now: u64) {
        self.held = 0;
        self.flag = false;
        self.next = now + self.period();
    }
}

//! Running a program: declared environment only, bounded in time and output, ended together with all that it started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{self, Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::world::World;

/// How often a running program's deadline and the user's Ctrl-C are looked at.
const POLL: Duration = Duration::from_millis(15);
/// How long a program's left-behind children may hold its output open.
const LINGER: Duration = Duration::from_secs(2);

/// A program to run.
#[derive(Clone, Debug)]
pub struct Command {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: BTreeMap<OsString, OsString>,
    /// The folder it starts in.
    pub dir: PathBuf,
    /// Its standard input.
    pub stdin: Vec<u8>,
    /// Longest time.
    pub limit: Duration,
    /// Most bytes that it may write to each of standard output and error.
    pub most_output: usize,
}

/// A program that ended by itself.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// How it ended, in words: `exit status: 1`, `signal: 11 (SIGSEGV) (core dumped)`.
    pub ending: String,
    /// All of standard output.
    pub stdout: Vec<u8>,
    /// All of standard error.
    pub stderr: Vec<u8>,
}

/// A program that didn't start or was stopped.
#[derive(Debug)]
pub enum Stopped {
    /// The operating system refused to start it.
    NotStarted(io::Error),
    /// It ran longer than its limit.
    Slow(Duration),
    /// It wrote more than so many bytes.
    Loud(usize),
    /// The user asked to stop.
    Interrupted,
    /// Its output couldn't be read.
    Lost(io::Error),
}

impl Finished {
    /// True if the program says that all went well.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => write!(f, "it can't be started: {error}"),
            Self::Slow(limit) => write!(f, "it was stopped after {} s", limit.as_secs_f64()),
            Self::Loud(most) => write!(f, "it was stopped after more than {most} bytes of output"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Lost(error) => write!(f, "its output can't be read: {error}"),
        }
    }
}

impl World {
    /// Runs `command` to its end. On timeout, too much output or Ctrl-C, it and all its children are killed.
    pub fn run(&self, command: &Command) -> Result<Finished, Stopped> {
        let mut child = spawn(command).map_err(Stopped::NotStarted)?;
        let input = command.stdin.clone();
        if let Some(mut stdin) = child.stdin.take() {
            // A program that doesn't read all of its input isn't wrong, so a closed pipe is no error.
            thread::spawn(move || stdin.write_all(&input));
        }
        let stdout = child.stdout.take().map(|pipe| collect(pipe, command.most_output));
        let stderr = child.stderr.take().map(|pipe| collect(pipe, command.most_output));
        let ended = self.watch(&mut child, command, stdout, stderr);
        if ended.is_err() {
            kill_group(&mut child);
        }
        let (status, stdout, stderr) = ended?;
        Ok(Finished { code: status.code(), ending: status.to_string(), stdout, stderr })
    }

    fn watch(
        &self,
        child: &mut Child,
        command: &Command,
        stdout: Option<Receiver<Collected>>,
        stderr: Option<Receiver<Collected>>,
    ) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), Stopped> {
        let started = Instant::now();
        let stdout = self.wait_for(child, command, started, stdout)?;
        let stderr = self.wait_for(child, command, started, stderr)?;
        loop {
            if let Some(status) = child.try_wait().map_err(Stopped::Lost)? {
                return Ok((status, stdout, stderr));
            }
            self.still_allowed(command, started)?;
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The bytes of one pipe, once it is closed.
    fn wait_for(
        &self,
        child: &mut Child,
        command: &Command,
        started: Instant,
        pipe: Option<Receiver<Collected>>,
    ) -> Result<Vec<u8>, Stopped> {
        let Some(pipe) = pipe else { return Ok(Vec::new()) };
        let mut exited = None;
        loop {
            match pipe.recv_timeout(POLL) {
                Ok(Collected::All(bytes)) => return Ok(bytes),
                Ok(Collected::TooMuch) => return Err(Stopped::Loud(command.most_output)),
                Ok(Collected::Failed(error)) => return Err(Stopped::Lost(error)),
                Err(RecvTimeoutError::Disconnected) => return Err(Stopped::Lost(io::ErrorKind::BrokenPipe.into())),
                Err(RecvTimeoutError::Timeout) => self.still_allowed(command, started)?,
            }
            if exited.is_none() && child.try_wait().map_err(Stopped::Lost)?.is_some() {
                exited = Some(Instant::now());
            }
            if exited.is_some_and(|at| at.elapsed() > LINGER) {
                kill_group(child);
                exited = None;
            }
        }
    }

    fn still_allowed(&self, command: &Command, started: Instant) -> Result<(), Stopped> {
        if self.interrupted() {
            return Err(Stopped::Interrupted);
        }
        if started.elapsed() > command.limit {
            return Err(Stopped::Slow(command.limit));
        }
        Ok(())
    }
}

enum Collected {
    All(Vec<u8>),
    TooMuch,
    Failed(io::Error),
}

/// Reads a pipe to its end on a thread of its own, so that a full pipe never stops the program.
fn collect(mut pipe: impl Read + Send + 'static, most: usize) -> Receiver<Collected> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.by_ref().take(most as u64 + 1).read_to_end(&mut bytes);
        let collected = match read {
            Err(error) => Collected::Failed(error),
            Ok(_) if bytes.len() > most => Collected::TooMuch,
            Ok(_) => Collected::All(bytes),
        };
        // Nobody listens any more when the program was stopped: fine.
        drop(sender.send(collected));
    });
    receiver
}

fn spawn(command: &Command) -> io::Result<Child> {
    let mut process = process::Command::new(&command.program);
    process.args(&command.args).env_clear().envs(&command.env).current_dir(&command.dir);
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut process, 0);
    let mut tries = 0;
    loop {
        match process.spawn() {
            // Another thread's child, between its fork and its exec, may still hold a program open for writing that
            // we have just written.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 50 => {
                tries += 1;
                thread::sleep(Duration::from_millis(10));
            }
            spawned => return spawned,
        }
    }
}

/// Kills the program and everything in its process group, and reaps it. Failures mean that it is gone already.
fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
        let _gone = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    drop(child.kill());
    drop(child.wait());
}

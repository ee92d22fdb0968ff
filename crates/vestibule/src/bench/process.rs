//! Child processes of a run and its folder. Everything started here is stopped
//! by its process id when dropped; nothing is ever found or ended by name.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::cpu;
use super::error::BenchError;

/// How long a child may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);

/// A folder of this run, mode 0700, removed with all it holds when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a new folder below `parent`.
    pub(super) fn new(parent: &Path) -> Result<Self, BenchError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = parent.join(format!("vestibule-bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(BenchError::Folder { path, source }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file of this run.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), BenchError> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|source| BenchError::Folder { path, source })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // the run is over either way; what stays is in the system's temporary folder
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running child, stopped by its id when dropped.
pub(super) struct Process {
    child: Child,
}

impl Process {
    pub(super) fn new(child: Child) -> Self {
        Self { child }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Holds the child's standard input open until the child is to end.
    pub(super) fn keep_open(&mut self, input: ChildStdin) {
        self.child.stdin = Some(input);
    }

    /// Whether the child has ended by itself.
    pub(super) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until `ready` holds. False if the child ends first or `limit` passes.
    pub(super) fn wait_until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> bool {
        let end = Instant::now() + limit;
        while Instant::now() < end && !self.ended() {
            if ready() {
                return true;
            }
            std::thread::sleep(POLL);
        }
        false
    }

    fn ends_within(&mut self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if self.ended() {
                return true;
            }
            std::thread::sleep(POLL);
        }
        self.ended()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // a child that is told through its standard input ends by itself
        let told = self.child.stdin.take().is_some();
        if self.ended() || (told && self.ends_within(GRACE)) {
            return;
        }
        let family = cpu::family(self.child.id());
        signal(self.child.id(), Signal::TERM);
        if !self.ends_within(GRACE) {
            // workers first: a killed master would leave them behind
            for pid in family.iter().rev() {
                signal(*pid, Signal::KILL);
            }
            let _ = self.child.wait();
        }
    }
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // an error means that it has ended already
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_folder_is_private_and_vanishes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new(&std::env::temp_dir()).unwrap();
        folder.write("a", "b").unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_child_is_gone_after_the_drop() {
        let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let mut process = Process::new(child);
        let pid = process.id();
        assert!(!process.ended());
        drop(process);
        assert!(cpu::used(&[pid]).is_err());
    }

    #[test]
    fn waiting_for_a_child_that_ended_fails_at_once() {
        let child = Command::new("true").spawn().unwrap();
        let mut process = Process::new(child);
        assert!(!process.wait_until(Duration::from_secs(60), || false));
    }
}

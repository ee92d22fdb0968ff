//! Facts about the machine that a reader needs to judge figures: cores,
//! processor, kernel, file system of the database. No host names, addresses,
//! users or paths.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// What the figures were measured on.
#[derive(Serialize)]
pub(super) struct Machine {
    /// Cores this process may use.
    pub(super) cores: usize,
    pub(super) processor: Option<String>,
    pub(super) kernel: Option<String>,
    /// Of the folder that holds the databases of the run.
    pub(super) file_system: Option<String>,
    pub(super) nginx: Option<String>,
    pub(super) sqlite: &'static str,
    pub(super) vestibule: &'static str,
    /// False for a debug build, whose figures mean nothing.
    pub(super) optimised: bool,
}

impl Machine {
    pub(super) fn read(folder: &Path, nginx: Option<String>) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| processor(&text)),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
            file_system: fs::read_to_string("/proc/self/mounts")
                .ok()
                .and_then(|mounts| file_system(&mounts, &folder.canonicalize().ok()?)),
            nginx,
            sqlite: super::raw_store::sqlite_version(),
            vestibule: env!("CARGO_PKG_VERSION"),
            optimised: !cfg!(debug_assertions),
        }
    }

    /// Whether a sync to the databases' folder reaches no disk at all.
    pub(super) fn volatile(&self) -> bool {
        matches!(self.file_system.as_deref(), Some("tmpfs" | "ramfs"))
    }
}

fn processor(cpuinfo: &str) -> Option<String> {
    cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == "model name")
        .map(|(_, value)| value.trim().to_owned())
}

/// Type of the mount with the longest path above `folder`; of mounts on the
/// same place the last one counts.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(place, _)| folder.starts_with(place))
        .max_by_key(|(place, _)| place.len())
        .map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_nearest_and_last_mount_counts() {
        let mounts = "a / overlay rw 0 0\nb / ext4 rw 0 0\nc /tmp tmpfs rw 0 0\nd /tmpx xfs rw 0 0";
        let kind = |path: &str| file_system(mounts, Path::new(path)).unwrap();
        assert_eq!(kind("/tmp/run"), "tmpfs");
        assert_eq!(kind("/tmpx/run"), "xfs");
        assert_eq!(kind("/var/run"), "ext4");
    }

    #[test]
    fn the_processor_is_named() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.50GHz\nflags\t: a b";
        assert_eq!(processor(text).as_deref(), Some("Some CPU @ 2.50GHz"));
        assert_eq!(processor("flags : x"), None);
    }
}

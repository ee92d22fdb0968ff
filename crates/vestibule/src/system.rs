//! The system clock, the one place where the product asks what time it is; its list of users; and how a shell calls this
//! program.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use vestibule_core::clock::{Clock, Timestamp};

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        Timestamp(millis)
    }
}

/// A moment as people read it: `2026-11-22T10:15:30Z`, in UTC.
pub fn display(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| format!("{} ms", at.0), |moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// The login name of a user, or the number of one who has none.
pub fn user(uid: u32) -> String {
    login_name(uid).unwrap_or_else(|| uid.to_string())
}

/// The login name of a user, by the system's list.
pub fn login_name(uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == uid).then(|| name.to_owned())
    })
}

/// How this program is called in a shell: by its name where the PATH has it, else by its own path.
pub fn program() -> String {
    called(std::env::var_os("PATH").as_deref(), std::env::current_exe().ok().as_deref())
}

fn called(path: Option<&OsStr>, own: Option<&Path>) -> String {
    const NAME: &str = "vestibule";
    let reachable = path.is_some_and(|path| std::env::split_paths(path).any(|folder| folder.join(NAME).is_file()));
    match own.and_then(Path::to_str).filter(|_| !reachable) {
        Some(own) => in_shell(own).into_owned(),
        None => NAME.to_owned(),
    }
}

/// A word as a shell takes it whole.
pub fn in_shell(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:,@%=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn commands_that_are_printed_can_be_run() {
        let folder = tempfile::tempdir().unwrap();
        let own = Path::new("/my builds/vestibule");
        let called = || called(Some(folder.path().as_os_str()), Some(own));
        assert_eq!(called(), "'/my builds/vestibule'");
        std::fs::write(folder.path().join("vestibule"), b"").unwrap();
        assert_eq!(called(), "vestibule");
        assert_eq!((in_shell("/a/b-1.toml"), in_shell("it's")), ("/a/b-1.toml".into(), r"'it'\''s'".into()));
    }
}

//! The files that the rules read: the real tree, or a small one made in memory to show that a rule can fail.
//!
//! Build output, hidden folders and test vectors are not part of it.

use std::fs;
use std::path::{Path, PathBuf};

use super::source::Source;

/// One file: path from the root of the project with `/` between its parts, and its text.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// A set of files, sorted by path.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    /// Everything under the root of the project that is text.
    pub(super) fn real() -> Tree {
        let root = root();
        let mut files = Vec::new();
        walk(&root, &root, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Tree { files }
    }

    /// A tree of the given paths and texts.
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Tree { files: files.iter().map(file).collect() }
    }

    /// The text of the file at `path`.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Every Rust file, read into tokens; files that only a test build compiles are marked as such.
    pub(super) fn sources(&self) -> Vec<Source> {
        let rust = self.files.iter().filter(|file| file.path.ends_with(".rs"));
        let mut sources: Vec<Source> = rust.map(|file| Source::read(&file.path, &file.text)).collect();
        let test_only: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
        for source in &mut sources {
            let own = |module: &String| source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/"));
            if test_only.iter().any(own) {
                source.mark_as_test();
            }
        }
        sources
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies two folders below the root").to_path_buf()
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("readable folder") {
        let path = entry.expect("readable entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "target" || name == "node_modules" || (name.starts_with('.') && name != ".ci") {
            continue;
        }
        if path.is_symlink() {
            panic!("a symbolic link hides what it points to: {}", path.display());
        }
        if path.is_dir() {
            walk(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let inside = path.strip_prefix(root).expect("inside the root");
            let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
            files.push(File { path: parts.join("/"), text });
        }
    }
}

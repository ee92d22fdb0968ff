//! Made-up files for the scan: scenarios, settings, tables and archives, in a folder of their own.

use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A credential that nobody has.
pub const KEY: &str = "q7Rt91kwUzPa02LmXe48";
/// Another one.
pub const OTHER_KEY: &str = "Wd5nHs83bYvGq16TcJf0";
/// What may stand in no output.
pub const PLANTED: [&str; 5] = [KEY, "Zk4mPq81vRtXw03b", "hQ2-veryold-pass-77", "ada.planted@example.org", "+49 30 9018 7766"];

/// A folder that goes with its test.
pub struct Folder(TempDir);

impl Folder {
    pub fn new(files: &[(&str, Vec<u8>)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            folder.write(name, bytes);
        }
        folder
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().trim_end_matches('/').to_owned()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// A blueprint of Make that sends a candidate with a key that was typed into the step.
pub fn blueprint(key: &str) -> String {
    let text = r#"{
  "name": "Candidate intake",
  "flow": [
    {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {"hook": 4711, "maxResults": 1}, "mapper": {}, "metadata": {}},
    {"id": 2, "module": "http:ActionSendData", "version": 3, "parameters": {"handleErrors": false},
     "mapper": {"url": "https://ats.example.net/v1/candidates", "method": "post",
      "headers": [{"name": "Authorization",
        "value": "Bearer KEY"}],
      "bodyType": "raw", "contentType": "application/json", "data": "{\"email\":\"{{1.email}}\"}",
      "rejectUnauthorized": true, "followRedirect": true},
     "metadata": {"designer": {"x": 300, "y": 0, "name": "Create candidate"}}}
  ],
  "metadata": {"instant": true, "version": 1, "zone": "eu1.make.com",
   "scenario": {"roundtrips": 1, "maxErrors": 3, "confidential": true, "dlq": false, "sequential": false}}
}
"#;
    text.replace("KEY", key)
}

/// A blueprint of Make in which there is nothing bad.
pub fn clean() -> String {
    r#"{"name": "Nightly", "flow": [{"id": 1, "module": "util:SetVariable", "version": 1, "parameters": {}, "mapper": {"name": "day", "value": "{{now}}"}, "metadata": {}}],
 "metadata": {"instant": false, "version": 1, "zone": "eu1.make.com", "scenario": {"confidential": true, "dlq": false}}}"#
        .to_owned()
}

/// Settings with two credentials.
pub fn settings() -> String {
    format!("ATS_API_KEY={}\nDB_PASSWORD={}\nPORT=8080\n", PLANTED[1], PLANTED[2])
}

/// A table with a person.
pub fn people() -> String {
    format!("name,email,phone\nAda Planted,{},{}\n", PLANTED[3], PLANTED[4])
}

/// An archive whose files are stored as they are (APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16).
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let size = (bytes.len() as u32).to_le_bytes();
        let common = [
            &[10, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &crc(bytes).to_le_bytes(),
            &size,
            &size,
            &(name.len() as u16).to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        directory
            .extend([&b"PK\x01\x02\x0a\0"[..], &common, &[0; 10], &(out.len() as u32).to_le_bytes(), name.as_bytes()].concat());
        out.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), bytes].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let (length, start) = ((directory.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes());
    [out, directory, [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &length, &start, &[0, 0]].concat()].concat()
}

/// CRC-32 (ISO 3309), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

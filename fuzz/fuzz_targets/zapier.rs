//! The reader of Zapier exports and everything behind it.

#![no_main]

const FRAME: &str = r#"{"metadata":{"version":"gdpr_v1"},"zaps":[{"id":1,"title":"f","status":"on","nodes":{"1":{"id":1,"type_of":"read","action":"hook_v2","selected_api":"WebHookCLIAPI@1.1.1","params":{},"parent_id":null},"2":{"id":2,"type_of":"write","action":"post","selected_api":"WebHookCLIAPI@1.1.1","params":{"url":"https://a.example.com/","data":<input>},"parent_id":1}}}]}"#;

libfuzzer_sys::fuzz_target!(|input: &[u8]| vestibule_fuzz::both("zapier", input, FRAME));

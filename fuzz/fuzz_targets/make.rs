//! The reader of Make blueprints and everything behind it.

#![no_main]

const FRAME: &str = r#"{"name":"f","flow":[{"id":1,"module":"gateway:CustomWebHook","version":1,"parameters":{"hook":1},"mapper":{}},{"id":2,"module":"http:ActionSendData","version":3,"parameters":{},"mapper":{"url":"https://a.example.com/","method":"post","data":<input>}}],"metadata":{"version":1}}"#;

libfuzzer_sys::fuzz_target!(|input: &[u8]| vestibule_fuzz::both("make", input, FRAME));

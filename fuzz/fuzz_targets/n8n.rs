//! The reader of n8n workflows and everything behind it.

#![no_main]

const FRAME: &str = r#"{"name":"f","nodes":[{"name":"A","type":"n8n-nodes-base.webhook","typeVersion":2,"position":[0,0],"parameters":{"path":"a"}},{"name":"B","type":"n8n-nodes-base.httpRequest","typeVersion":4.2,"position":[0,0],"parameters":{"url":"https://a.example.com/","jsonBody":<input>}}],"connections":{"A":{"main":[[{"node":"B","type":"main","index":0}]]}}}"#;

libfuzzer_sys::fuzz_target!(|input: &[u8]| vestibule_fuzz::both("n8n", input, FRAME));

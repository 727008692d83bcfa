#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| codedash_fuzz::room("antigravity", data));

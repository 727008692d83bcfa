#![no_main]

codedash_fuzz::target!("kilo-code");

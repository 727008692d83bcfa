#![no_main]

codedash_fuzz::target!("imported");

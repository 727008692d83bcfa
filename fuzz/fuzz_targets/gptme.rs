#![no_main]

codedash_fuzz::target!("gptme");

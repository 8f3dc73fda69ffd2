#![no_main]

#[path = "../photo_properties.rs"]
#[allow(dead_code)]
mod photo_properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| photo_properties::metadata(data));

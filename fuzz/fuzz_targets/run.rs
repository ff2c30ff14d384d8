#![no_main]

// The fuzzer's own thread has a small stack.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(nabla_fuzz::STACK);
        let thread = thread.spawn_scoped(scope, || nabla_fuzz::run(data)).expect("a thread is to be had");
        assert!(thread.join().is_ok(), "it panicked");
    });
});

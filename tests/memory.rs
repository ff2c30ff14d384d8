//! What derivatives keep in memory, counted by the allocator.

use nabla::session::Output;
use nabla::{Session, Source, Value};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counting bytes.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

struct Nowhere;

impl Output for Nowhere {
    fn text(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn eval(session: &mut Session, code: &str) {
    if let Err(errors) = session.eval(Arc::new(Source::new("<memory>", code))) {
        panic!("{}", nabla::diagnostics::render(&errors, false));
    }
}

fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Bytes above those in use now that running this takes at most.
fn peak(session: &mut Session, code: &str) -> usize {
    let before = live();
    PEAK.store(before, Ordering::Relaxed);
    eval(session, code);
    PEAK.load(Ordering::Relaxed) - before
}

/// One test: the counters are the process's.
#[test]
fn derivatives_keep_what_they_need_and_give_it_back() {
    let mut session = Session::new(Box::new(Nowhere));
    eval(
        &mut session,
        "fn f(w) = sum(exp(w * 0.5) @ w) + sum(w[[0, 2]] * rand(2))
g = graph(f)
w = [0.1, 0.2, 0.3]
long = linspace(0, 1, 1000)
fn many(n) {
    for _ in 0..n {
        grad(f)(w)
        grad(g)(w)
        vmap(grad(f))([w, w])
        hessian(|w| if sum(w) > 0 { sum(w * w * w) } else { sum(w) })(w)
    }
}",
    );
    // ten thousand gradients leave nothing behind
    eval(&mut session, "many(100)");
    let before = live();
    eval(&mut session, "many(2500)");
    assert!(live() <= before + 4096, "{before} bytes before, {} after", live());

    // a long loop keeps no primal that no step reads: each of these has 8,000 bytes
    let linear = "d = grad(|x| { for _ in 0..100000 { x = x * 0.99999 + 0.00001 }; sum(x) })(long);";
    let kept = peak(&mut session, linear);
    assert!(kept < 100_000_000, "{kept} bytes for 200,000 linear steps on 1,000 numbers");
    let Some(Value::Array(gradient)) = session.get("d") else { panic!("no gradient") };
    let slope = gradient.to_tensor().and_then(|tensor| tensor.scalar(0)).map(|slope| slope.as_f64());
    assert!(slope.is_some_and(|slope| (slope - 0.99999f64.powi(100_000)).abs() < 1e-9), "{slope:?}");

    // where every step needs its primal, that is what is kept
    let products = "d = grad(|x| { for _ in 0..1000 { x = x * x * 0.5 + 0.25 }; sum(x) })(long);";
    let kept = peak(&mut session, products);
    assert!(kept > 8_000_000 && kept < 24_000_000, "{kept} bytes for 1,000 squares of 1,000 numbers");

    // a loop of a graph keeps what goes into each turn, and that once
    let turns = "d = graph(grad(|x| { for _ in 0..1000 { x = x * x * 0.5 + 0.25 }; sum(x) }))(long);";
    let kept = peak(&mut session, turns);
    assert!(kept > 8_000_000 && kept < 9_000_000, "{kept} bytes for 1,000 squares of 1,000 numbers in a graph");
}

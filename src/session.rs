//! A session: everything that outlives one run of a program, in one value.
//!
//! Names, random state, print options, limits, the interrupt flag and where output goes live here; nothing is global.
//! A process may hold any number of sessions, each on one thread. A session never prints and never exits.

use crate::Isa;
use crate::context::{Context, Interrupt, Limits, RandomState};
use crate::devices::{About, Devices};
use crate::diagnostics::{Error, Kind, Result, Source, load};
use crate::gpu::Choice;
use crate::graph::Figures;
use crate::interp::{Machine, Module, Value, show};
use crate::output::Sink;
use crate::tensor::show::PrintOptions;
use crate::workers::Workers;
use std::cell::RefCell;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

pub use crate::output::Output;

/// What `input(prompt)` reads: a line without its end, none at the end of input.
pub type Input = Box<dyn FnMut(&str) -> io::Result<Option<String>>>;

/// What operations and builtins may see of their session.
pub struct Host {
    pub cx: Context,
    pub started: Instant,
    /// Files are named relative to it.
    pub directory: PathBuf,
    /// Where the running script lies: files that are not in `directory` are looked for here.
    pub script_directory: Option<PathBuf>,
    /// Modules being loaded show no values.
    pub quiet: usize,
    /// The value shown last.
    pub last: Value,
    /// The figures of all compiled functions, where somebody wants to know.
    graphs: Option<Vec<Rc<RefCell<Figures>>>>,
    input: Option<Input>,
}

impl Host {
    /// Text of a value, as `print` writes it.
    pub fn text(&self, value: &Value) -> String {
        show::text(value, &self.cx.print)
    }

    /// Writes to the session's output.
    pub fn write(&mut self, text: &str) -> Result<()> {
        self.cx.output.text(text)
    }

    /// Shows the value of a top-level expression; `shown` is the same with its elements at hand.
    pub fn show(&mut self, value: Value, shown: &Value) -> Result<()> {
        if self.quiet > 0 {
            return Ok(());
        }
        if !matches!(value, Value::None) {
            let text = show::text(shown, &self.cx.print);
            self.cx.output.value(&text, &value.type_name())?;
        }
        self.last = value;
        Ok(())
    }

    /// A compiled function was made; its figures may be wanted at the end.
    pub fn watch(&mut self, figures: Rc<RefCell<Figures>>) {
        if let Some(graphs) = self.graphs.as_mut().filter(|graphs| graphs.len() < WATCHED) {
            graphs.push(figures);
        }
    }

    /// A line of input; none at its end.
    pub fn read_line(&mut self, prompt: &str) -> Result<Option<String>> {
        self.cx.output.flush()?;
        let Some(input) = &mut self.input else {
            return Err(Error::new(Kind::Io, "this session has no input"));
        };
        let line = input(prompt);
        // Ctrl-C while it waited is no fault of the input.
        self.cx.check()?;
        line.map_err(|error| Error::new(Kind::Io, format!("cannot read input: {}", load::reason(&error))))
    }

    pub fn flush(&mut self) -> Result<()> {
        self.cx.output.flush()
    }
}

/// Compiled functions whose figures are kept for the end; a program may make any number of them.
const WATCHED: usize = 1000;

pub struct Session {
    machine: Machine,
    main: Rc<Module>,
}

impl Session {
    pub fn new(output: Box<dyn Output>) -> Session {
        let host = Host {
            cx: Context { output: Sink::new(output), ..Context::default() },
            started: Instant::now(),
            directory: PathBuf::new(),
            script_directory: None,
            quiet: 0,
            last: Value::None,
            graphs: None,
            input: None,
        };
        let mut session = Session { machine: Machine::new(host), main: Rc::new(Module::new("main".into())) };
        session.set_args(vec![]);
        session
    }

    /// What `args` holds in the program.
    pub fn set_args(&mut self, args: Vec<String>) {
        self.set("args", Value::tuple(args.into_iter().map(Value::str).collect()));
    }

    /// Starts the random numbers anew from a seed.
    pub fn seed(&mut self, seed: u64) {
        self.machine.host.cx.random = RandomState::seeded(seed);
    }

    pub fn print_options_mut(&mut self) -> &mut PrintOptions {
        &mut self.machine.host.cx.print
    }

    /// Bounds the bytes that all values together may take, and the buffers that are kept for new ones.
    pub fn limit_memory(&mut self, bytes: usize) {
        self.machine.host.cx.limit_memory(bytes);
    }

    /// How many threads compute. Results do not depend on it.
    pub fn set_threads(&mut self, threads: NonZeroUsize) {
        self.machine.host.cx.workers = Workers::new(threads);
    }

    /// The instruction set to compute with. Results do not depend on it.
    pub fn set_isa(&mut self, isa: Isa) {
        self.machine.host.cx.isa = isa;
    }

    pub fn limits_mut(&mut self) -> &mut Limits {
        &mut self.machine.host.cx.limits
    }

    /// Which graphics cards count, and whether it is an error where there is none. Before the first is used.
    pub fn set_devices(&mut self, choice: Choice, strict: bool) {
        let devices = &mut self.machine.host.cx.devices;
        let memory = devices.memory;
        *devices = Devices::new(choice, strict);
        devices.memory = memory;
    }

    /// Bounds the bytes that values on each graphics card may take. Before the first is used.
    pub fn limit_gpu_memory(&mut self, bytes: usize) {
        self.machine.host.cx.devices.memory = Some(bytes);
    }

    /// From here on the figures of compiled functions are kept, for `graphs`.
    pub fn watch_graphs(&mut self) {
        self.machine.host.graphs.get_or_insert_default();
    }

    /// The figures of the compiled functions that were made since, in order: of the first 1000 at most.
    pub fn graphs(&self) -> Vec<Figures> {
        self.machine.host.graphs.iter().flatten().map(|figures| figures.borrow().clone()).collect()
    }

    /// What there is to compute on.
    pub fn devices(&self) -> Vec<About> {
        self.machine.host.cx.devices.list()
    }

    /// A handle that stops the running program, from any thread.
    pub fn interrupt(&self) -> Interrupt {
        self.machine.host.cx.interrupt.clone()
    }

    pub fn set_input(&mut self, input: Input) {
        self.machine.host.input = Some(input);
    }

    /// Files are named relative to this directory, not the process's.
    pub fn set_directory(&mut self, directory: PathBuf) {
        self.machine.host.directory = directory;
    }

    /// Runs a program, showing the values of its top-level expressions. If it has syntax errors, they are all reported
    /// and nothing runs; else the first error ends it. Names keep what they got.
    pub fn eval(&mut self, source: Arc<Source>) -> Result<(), Vec<Error>> {
        self.eval_with(source, false)
    }

    /// The same for a line at a prompt: a leading `|>` or `.name` applies to the value shown last.
    pub fn eval_continuing(&mut self, source: Arc<Source>) -> Result<(), Vec<Error>> {
        self.eval_with(source, true)
    }

    fn eval_with(&mut self, source: Arc<Source>, continuing: bool) -> Result<(), Vec<Error>> {
        let stmts = Machine::parse(&source, continuing)?;
        if !source.name.starts_with('<') {
            let path = std::path::Path::new(&source.name);
            self.machine.host.script_directory = path.parent().map(PathBuf::from);
        }
        if continuing {
            let last = self.machine.host.last.clone();
            self.machine.set_global(&self.main, "_", last);
        }
        for stmt in &stmts {
            self.machine.host.cx.devices.home = None;
            let result = self.machine.run_statement(&self.main, &source, stmt);
            let Context { devices, output, .. } = &mut self.machine.host.cx;
            devices.take_notices().iter().for_each(|notice| output.notice(notice));
            if let Err(error) = result {
                // what went wrong before on a graphics card comes first
                let first = self
                    .machine
                    .host
                    .cx
                    .devices
                    .look_for_faults()
                    .err()
                    .filter(|_| error.catchable() || error.details().exit.is_some());
                return Err(vec![first.unwrap_or(error)]);
            }
        }
        // what graphics cards still do may yet go wrong
        self.machine.host.cx.devices.look_for_faults().map_err(|error| vec![error])
    }

    /// The value of a name; none where it has no value.
    pub fn get(&self, name: &str) -> Option<Value> {
        let slot = self.main.slot(name)?;
        Some(self.machine.globals[slot as usize].clone()).filter(|value| !value.is_undefined())
    }

    /// Gives a name a value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.machine.set_global(&self.main, name, value);
    }

    /// Names with a meaning here, for completion.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = crate::builtins::names().map(String::from).collect();
        names.extend(
            self.main.member_names().iter().filter(|name| self.get(name).is_some()).map(|name| name.to_string()),
        );
        names.sort();
        names.dedup();
        names
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::devices::Engine;
    use crate::gpu::Gpu;
    use crate::tensor::Device;

    struct Nowhere;

    impl Output for Nowhere {
        fn text(&mut self, _: &str) -> io::Result<()> {
            Ok(())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn run(session: &mut Session, code: &str) -> Result<(), Vec<Error>> {
        session.eval(Arc::new(Source::new("<test>", code)))
    }

    /// A session whose graphics card is software.
    pub(crate) fn session() -> Session {
        let mut session = Session::new(Box::new(Nowhere));
        session.set_devices(Choice::Software, true);
        session
    }

    /// The opened graphics card.
    fn gpu(session: &mut Session) -> Gpu {
        match session.machine.host.cx.devices.engine(Device::Gpu(0)) {
            Ok(Engine::Card(card)) => card.gpu,
            other => panic!("the test needs software Vulkan (Debian: mesa-vulkan-drivers): {other:?}"),
        }
    }

    /// The graphics card, when this code has run.
    pub(crate) fn card(session: &mut Session, code: &str) -> Gpu {
        let result = run(session, code);
        assert!(result.is_ok(), "{result:?}");
        gpu(session)
    }

    /// Bytes in use on the graphics card.
    fn live(session: &mut Session, code: &str) -> u64 {
        card(session, code).memory().live
    }

    #[test]
    fn gradients_leave_nothing_on_the_card() {
        let mut session = session();
        let program = "fn f(w) = sum(exp(w * 0.5) @ w) + sum(w[[0, 2]] * rand(2))
g = graph(f)
w = [0.1, 0.2, 0.3] @ gpu
fn many(n) { for _ in 0..n { grad(f)(w); grad(g)(w); vmap(f)(reshape(w, (3, 1)) * w) } }
many(5)";
        let before = live(&mut session, program);
        assert_eq!(live(&mut session, "many(50)"), before);
        assert!(live(&mut session, "none") > 0);
        assert_eq!(live(&mut session, "f = none\nmany = none\nw = none\ng = none"), 0);
    }

    /// Of a chain of values no more than two or three live at a time.
    #[test]
    fn values_are_freed_when_they_were_read_for_the_last_time() {
        let mut session = session();
        session.limit_gpu_memory(14_000_000);
        let chain = "x = ones((1000, 1000)) @ gpu
fn chain(x, n) { for i in 0..n { x = cumulated(x * 0.5 + i) }\nx }
fn cumulated(x) = x[::-1] @ (ones((1000, 1)) @ gpu) * 0.001 + x * 0.5
chain(x, 20);";
        assert!(live(&mut session, chain) < 13_000_000);
        assert_eq!(live(&mut session, "x = none"), 0);
    }

    #[test]
    fn what_follows_values_to_the_card_goes_there_once() {
        let mut session = session();
        let uploads = |session: &mut Session, code: &str| {
            let before = session.machine.host.cx.devices.any_open().then(|| gpu(session).uploads_made());
            let result = run(session, code);
            assert!(result.is_ok(), "{result:?}");
            gpu(session).uploads_made() - before.unwrap_or_default()
        };
        let ours = "w = [[1.0, 2.0], [3.0, 4.0]] @ gpu
x = [[5.0, 6.0], [7.0, 8.0]]
b = arange(2000) * 0.5
y = w @ x";
        assert_eq!(uploads(&mut session, ours), 2);
        assert_eq!(uploads(&mut session, "for _ in 0..20 { y = w @ x + w }"), 0);
        assert_eq!(uploads(&mut session, "for _ in 0..20 { y = w[0, 0] * b + b }"), 1);
        let transformed = "g = graph(|w| w @ x)\nfor _ in 0..20 { y = g(w); z = grad(|w| sum(w @ x))(w) }";
        assert_eq!(uploads(&mut session, transformed), 0);
        // other elements, in the same buffer
        let written = "for i in 0..5 { x[0, 0] = i + 10.0; y = w @ x; assert(item(y[0, 0]) == i + 24) }";
        assert_eq!(uploads(&mut session, written), 5);
        // another value at the place of one that is gone
        let others = "for i in 0..50 { t = [1.0 * i, 2.0]; assert(item((w @ t)[0]) == i + 4) }";
        assert_eq!(uploads(&mut session, others), 50);
        assert_eq!(live(&mut session, "w = none\nx = none\nb = none\ny = none\nz = none\ng = none\nt = none"), 0);
    }

    /// As at the prompt, where only the running line is stopped.
    #[test]
    fn an_interrupted_line_leaves_the_card_as_it_was() {
        let mut session = session();
        assert!(live(&mut session, "x = ones((600, 600)) @ gpu\ny = x + 1") > 0);
        let interrupt = session.interrupt();
        let presser = std::thread::spawn({
            let interrupt = interrupt.clone();
            move || {
                std::thread::sleep(std::time::Duration::from_millis(300));
                interrupt.raise();
            }
        });
        let errors = run(&mut session, "while true { z = x @ y }").expect_err("it was interrupted");
        assert_eq!(errors.first().map(Error::kind), Some(Kind::Interrupted));
        presser.join().expect("it pressed");
        interrupt.clear();
        let result = run(&mut session, "z = x @ y\nassert(item(z[599, 599]) == 1200)\nassert(item(sum(x[0])) == 600)");
        assert!(result.is_ok(), "{result:?}");
    }

    #[test]
    fn a_lost_card_is_opened_anew() {
        let mut session = session();
        let long = "c = arange(2000.0)\nx = c @ gpu\nwaits = x * 2 + c\nshapes = x[:500] + waits[:1] * 2\nshapes = shapes + x[:1] * 3\ns = sum(x)";
        assert!(live(&mut session, long) > 0);
        gpu(&mut session).lose();
        let lost = |session: &mut Session, code: &str| {
            let errors = run(session, code).expect_err(code);
            let error = errors.first().expect("an error");
            assert_eq!(error.kind(), Kind::Device, "{code}: {error}");
            assert!(error.message().starts_with("the GPU was lost: "), "{code}: {error}");
        };
        lost(&mut session, "s");
        for code in [
            "x",
            "s + 1",
            "sum(x)",
            "y = x + 1",
            "sum(waits + 1)",
            "item(shapes[0])",
            "y = x @ x",
            "x[0]",
            "graph(|x| x + 1)(x)",
            "x @ cpu",
        ] {
            lost(&mut session, code);
        }
        let after = "assert(sum(c) == 1999000)\ntimeit(|| 1)
y = c @ gpu\nassert(item(sum(y + c)) == 3998000)
try { x + y } catch e { caught = e.kind }\nassert(caught == \"device\")\nassert(item(y[3]) == 3)";
        let result = run(&mut session, after);
        assert!(result.is_ok(), "{result:?}");
        lost(&mut session, "y + s");
    }
}

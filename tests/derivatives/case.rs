//! A line of data: a call with its arguments, `hypot(a, b) | a = [0.5] | b = 2.0`.

pub struct Case<'a> {
    pub line: &'a str,
    call: &'a str,
    arguments: Vec<(&'a str, &'a str)>,
}

impl<'a> Case<'a> {
    /// None if the line has no arguments.
    pub fn of(line: &'a str) -> Option<Case<'a>> {
        let (call, arguments) = line.split_once(" | ")?;
        let arguments = arguments.split(" | ").map(|one| one.split_once(" = ").expect("an argument has a value"));
        Some(Case { line, call, arguments: arguments.collect() })
    }

    /// What is called first. Operators and indices have no name.
    pub fn name(&self) -> &str {
        self.call.split('(').next().and_then(|ahead| ahead.split_whitespace().last()).unwrap_or_default()
    }

    /// The code that defines `f`, a function of a record, and `x`, the record.
    pub fn definition(&self) -> String {
        let (mut taken, mut given) = (String::new(), String::new());
        // draws are the same at every call
        if self.name().starts_with("random.") {
            taken.push_str("seed(7); ");
        }
        for (name, value) in &self.arguments {
            taken.push_str(&format!("{name} = x.{name}; "));
            given.push_str(&format!("{name}={value}, "));
        }
        format!("f = |x| {{ {taken}{} }}\nx = ({})\n", self.call, given.trim_end_matches(", "))
    }
}

//! Programs like those of the corpus, but wrong.

const DICTIONARY: &str = include_str!("../../fuzz/nabla.dict");

/// Longer programs are cut.
const LONGEST: usize = 2000;

pub struct Mutator<'c> {
    corpus: &'c [Vec<u8>],
    words: Vec<Vec<u8>>,
    state: u64,
}

impl<'c> Mutator<'c> {
    pub fn new(corpus: &'c [Vec<u8>], seed: u64) -> Mutator<'c> {
        let words = DICTIONARY.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"')).map(unescape);
        // Weyl's constant keeps the state from 0
        Mutator { corpus, words: words.collect(), state: seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    /// xorshift64*
    fn below(&mut self, count: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        ((self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize) % count.max(1)
    }

    fn seed(&mut self) -> &'c [u8] {
        let number = self.below(self.corpus.len());
        &self.corpus[number]
    }

    /// The next program.
    pub fn program(&mut self) -> Vec<u8> {
        let mut program = self.seed().to_vec();
        for _ in 0..1 + self.below(5) {
            self.change(&mut program);
        }
        program.truncate(LONGEST);
        program
    }

    fn change(&mut self, program: &mut Vec<u8>) {
        let (from, to) = self.stretch(program);
        match self.below(9) {
            0 => drop(program.drain(from..to)),
            1 => {
                let repeated = program[from..to].to_vec();
                drop(program.splice(to..to, repeated));
            }
            2 => {
                let word = self.word();
                drop(program.splice(from..to, word));
            }
            3 | 4 => {
                let word = self.word();
                drop(program.splice(from..from, word));
            }
            5 => {
                let other = self.seed();
                let (start, end) = self.stretch(other);
                drop(program.splice(from..to, other[start..end].iter().copied()));
            }
            6 => {
                let other = self.seed();
                program.push(b'\n');
                program.extend_from_slice(other);
            }
            7 => {
                let byte = self.below(256) as u8;
                program.insert(from, byte);
            }
            _ => {
                let (start, end) = self.stretch(program);
                let moved = program[start..end].to_vec();
                drop(program.splice(from..to, moved));
            }
        }
    }

    fn word(&mut self) -> Vec<u8> {
        let number = self.below(self.words.len());
        let mut word = self.words[number].clone();
        if self.below(2) == 0 {
            word.push(b' ');
        }
        word
    }

    /// A short stretch of a program, or one word of it.
    fn stretch(&mut self, program: &[u8]) -> (usize, usize) {
        let from = self.below(program.len() + 1);
        if self.below(2) == 0 {
            return (from, (from + self.below(12)).min(program.len()));
        }
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let start = program[..from].iter().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
        let end = program[from..].iter().position(|byte| !is_word(byte)).map_or(program.len(), |at| from + at);
        (start, end)
    }
}

/// `\x0a`, `\"` and `\\` of libFuzzer's dictionaries.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.strip_prefix('x').and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        let (byte, length) = code.map_or_else(|| (after.as_bytes()[0], 1), |byte| (byte, 3));
        bytes.push(byte);
        rest = &after[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

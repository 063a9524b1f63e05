//! The line of a settings file that a mistake is about, with carets below the wrong part.

use std::{fmt, ops::Range};

use super::address::{is_secret_name, mask};

/// One line of a file, and a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Counts from 1.
    pub(super) line: usize,
    /// Counts characters from 1.
    pub(super) column: usize,
    text: String,
    carets: usize,
}

impl Excerpt {
    /// The line in which the bytes `span` of `text` begin. Passwords in it are masked.
    pub(super) fn of(text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let before = &text[..start];
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[start..].find(['\n', '\r']).map_or(text.len(), |newline| start + newline);
        let marked = &text[start..text.floor_char_boundary(span.end).clamp(start, end)];
        // A tab has no fixed width, so the carets would miss.
        let line = masked(&text[begin..end].replace('\t', " "));
        let column = text[begin..start].chars().count() + 1;
        let room = line.chars().count().saturating_sub(column - 1);
        Self {
            line: before.matches('\n').count() + 1,
            column,
            carets: marked.chars().count().min(room).max(1),
            text: line,
        }
    }
}

/// A key that is named like a secret may be misspelt, so its value is hidden whatever it is.
fn masked(line: &str) -> String {
    match line.split_once('=') {
        Some((name, _value)) if is_secret_name(name) => format!("{name}= ***"),
        _ => mask(line),
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.text)?;
        write!(f, "{margin} | {}{}", " ".repeat(self.column - 1), "^".repeat(self.carets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_wrong_part() {
        for (text, span, shown) in [
            ("[server]\nprot = 8000\n", 9..13, "  |\n2 | prot = 8000\n  | ^^^^"),
            ("a = \"ä\" # x\r\nb = 1", 4..8, "  |\n1 | a = \"ä\" # x\n  |     ^^^"),
            ("\tb = 1", 5..6, "  |\n1 |  b = 1\n  |      ^"),
            ("a = [\n1]", 4..8, "  |\n1 | a = [\n  |     ^"),
            ("a =", 3..3, "  |\n1 | a =\n  |    ^"),
            (
                "x = \"redis://u:hunter2@h\"",
                4..25,
                "  |\n1 | x = \"redis://u:***@h\"\n  |     ^^^^^^^^^^^^^^^^^",
            ),
            ("db_password = \"hunter2\"", 0..11, "  |\n1 | db_password = ***\n  | ^^^^^^^^^^^"),
        ] {
            assert_eq!(Excerpt::of(text, span).to_string().replace("1 | \n", ""), shown, "{text}");
        }
        let far = Excerpt::of(&"\n".repeat(11), 11..11);
        assert_eq!((far.line, far.column, far.to_string()), (12, 1, "   |\n12 | \n   | ^".to_owned()));
    }
}

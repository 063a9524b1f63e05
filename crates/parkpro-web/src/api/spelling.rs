//! What somebody may have meant who wrote a field that there is not.

/// The first of the known names that is a slip away, or two if it is long: two slips in a short name make any other.
pub(crate) fn meant<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let alike = |known: &&str| match strsim::damerau_levenshtein(name, known) {
        0 | 1 => true,
        2 => name.len() > 5,
        _ => false,
    };
    // Longer than any name, and not worth the comparison.
    known.into_iter().filter(|_| name.len() <= 64).find(alike)
}

/// Says that there is no field of a name; which one may have been meant, or which there are.
pub(crate) fn unknown(name: &str, known: &[&str]) -> String {
    match meant(name, known.iter().copied()) {
        _ if name.len() > 64 => "there is no such field".to_owned(),
        Some(meant) => format!("there is no {name}; did you mean {meant}?"),
        None if known.is_empty() => "there are no fields here".to_owned(),
        None => format!("there is no {name}; there are {}", known.join(", ")),
    }
}

//! What somebody may have meant who wrote a field that there is not.

/// The nearest of the known names that is a slip away, or two if it is long: two slips in a short name make any other.
pub(crate) fn meant<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let most = if name.len() > 5 { 2 } else { 1 };
    let slips = |known: &'k str| {
        let alike = known.len().abs_diff(name.len()) <= most;
        let slips = if alike { strsim::damerau_levenshtein(name, known) } else { usize::MAX };
        (slips <= most).then_some((slips, known))
    };
    known.into_iter().filter_map(slips).min_by_key(|(slips, _)| *slips).map(|(_, known)| known)
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

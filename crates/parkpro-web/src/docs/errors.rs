//! `/docs/errors`: every problem, explained.

use std::{collections::BTreeMap, fmt::Write, sync::OnceLock};

use actix_web::{HttpResponse, http::header};
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::api::{Answered, Call, Code};

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
h2{font:600 1.05rem ui-monospace,monospace;margin:2rem 0 0}h2 a{color:inherit;text-decoration:none}\
p{margin:.25rem 0}.status{font-weight:600}:target{outline:2px solid;outline-offset:.4rem}";

/// The page.
pub(super) async fn page(_call: Call) -> Answered {
    static PAGE: OnceLock<(Bytes, String)> = OnceLock::new();
    let (page, policy) = PAGE.get_or_init(|| (html().into(), policy()));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy.as_str()))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(page.clone()))
}

/// Nothing but this very style.
fn policy() -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn html() -> String {
    let mut named: BTreeMap<&str, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL {
        named.entry(code.about().name).or_default().push(*code);
    }
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>ParkPro: problems</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>Problems</h1>\n\
         <p>What the API answers when it does not do what was asked, by <code>code</code>. \
         Codes are stable; words may improve. <a href=\"../docs\">The API</a></p>\n"
    );
    for (name, codes) in named {
        // Writing to a text cannot fail.
        let _ = writeln!(page, "<section id=\"{name}\">\n<h2><a href=\"#{name}\">{name}</a></h2>");
        for about in codes.iter().map(|code| code.about()) {
            let (status, title, meaning) = (about.status, escape(about.title), escape(about.meaning));
            let _ = writeln!(
                page,
                "<p><span class=\"status\">{status}</span> {title}.</p>\n<p>{}</p>",
                code_marks(&meaning)
            );
        }
        page.push_str("</section>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What stands between backquotes is code.
fn code_marks(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 32);
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            let _ = write!(marked, "<code>{part}</code>");
        } else {
            marked.push_str(part);
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_anchor() {
        let page = html();
        for code in Code::ALL {
            let anchor = format!("id=\"{}\"", code.about().name);
            assert_eq!(page.matches(&anchor).count(), 1, "{anchor}");
            assert!(page.contains(&escape(code.about().title)));
        }
    }

    #[test]
    fn code_is_marked_as_code() {
        assert_eq!(code_marks("a `b` c"), "a <code>b</code> c");
    }
}

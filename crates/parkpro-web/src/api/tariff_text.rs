//! Documents of tariffs as records keep them: one canonical JSON text for each.

use parkpro_domain::{
    invalid::Invalid,
    tariff::{self, Document, DocumentText, Language, Tariff},
};
use serde_json::Value;

use super::{
    body::{Mistakes, Read},
    json::Json,
    tariff_document::{partly, read, write},
};

/// The language of the texts that records keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonDocuments;

impl Language for JsonDocuments {
    fn read(&self, text: &DocumentText) -> Result<Tariff, Invalid> {
        let value: Value = serde_json::from_str(text.as_str()).map_err(|error| wrong(error.to_string()))?;
        let first = |mistakes: Vec<tariff::Mistake>| {
            wrong(
                mistakes
                    .first()
                    .map_or_else(String::new, |first| format!("{}: {}", first.pointer, first.detail)),
            )
        };
        // It was right when it was saved, and holds for ever, whatever would be thought of it now.
        let (partly, unread) = partly(&value);
        if unread.is_empty() { Ok(Tariff::of(partly.document)) } else { Err(first(unread)) }
    }
}

fn wrong(detail: String) -> Invalid {
    Invalid::new("invalid-tariff", detail)
}

/// A document that a client sent, or everything that is wrong with it.
pub(crate) fn document(json: &Json<'_>) -> Read<Document> {
    read(&Value::from(json)).map_err(Mistakes::from)
}

/// A document that a client sent, as it is kept.
pub(crate) fn document_text(json: &Json<'_>) -> Read<DocumentText> {
    Ok(text(&document(json)?))
}

/// A document as it is kept.
pub(crate) fn text(document: &Document) -> DocumentText {
    DocumentText::new(write(document).to_string())
}

/// What is kept, as a part of an answer.
pub(crate) fn shown(text: &DocumentText) -> Value {
    serde_json::from_str(text.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: &str = include_str!("../../../../tests/data/everything.json");

    #[test]
    fn what_is_kept_is_read_again_and_is_one_text_for_one_document() {
        let sent = Json::parse(BOARD.as_bytes()).unwrap();
        let kept = document_text(&sent).unwrap();
        let tariff = JsonDocuments.read(&kept).unwrap();
        assert_eq!(tariff.document(), &document(&sent).unwrap());
        assert_eq!(text(tariff.document()), kept);
        for lost in ["", "{}", "[]", r#"{"name":"x","rate":{"price":"-1"}}"#] {
            let unreadable = JsonDocuments.read(&DocumentText::new(lost)).unwrap_err();
            assert_eq!(unreadable.code, "invalid-tariff", "{lost}");
        }
    }

    #[test]
    fn what_was_right_when_it_was_saved_is_read_for_ever() {
        let often = r#"{"name":"x","rate":{"price":"1.00"},"restart":"10min"}"#;
        assert!(document(&Json::parse(often.as_bytes()).unwrap()).is_err());
        assert!(JsonDocuments.read(&DocumentText::new(often)).is_ok());
    }
}

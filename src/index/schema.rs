//! Fields and settings. A change here or in the tokenizer is a new `INDEX_VERSION`.

use super::token::CodeTokenizer;
use tantivy::IndexSettings;
use tantivy::schema::{
    BytesOptions, FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};

pub(super) const TOKENIZER: &str = "code";
/// Stands for "none" in `tool` and `model`, so that every document has a value and reading a
/// column is one array access.
pub(super) const NONE: &str = "\u{1}";

#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    /// Session, to find and delete by.
    pub sid: Field,
    /// Role, to delete by.
    pub role: Field,
    /// Session, role and failure packed by [`Head`]: what every matching document is asked for.
    pub head: Field,
    pub seq: Field,
    /// Milliseconds since the epoch, absent where the record has no time.
    pub ts: Field,
    pub tool: Field,
    pub model: Field,
    pub text: Field,
    /// Paths that a tool call names, one per line.
    pub file: Field,
    /// `DocMeta`, postcard.
    pub meta: Field,
}

pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default().set_indexing_options(indexing.clone());
    let name = TextOptions::default().set_fast("raw");
    let fields = Fields {
        sid: builder.add_u64_field("sid", INDEXED),
        role: builder.add_u64_field("role", INDEXED),
        head: builder.add_u64_field("head", FAST),
        seq: builder.add_u64_field("seq", FAST),
        ts: builder.add_i64_field("ts", FAST),
        tool: builder.add_text_field("tool", name.clone()),
        model: builder.add_text_field("model", name),
        text: builder.add_text_field("text", text.clone().set_stored()),
        file: builder.add_text_field(
            "file",
            TextOptions::default().set_indexing_options(indexing.set_fieldnorms(false)),
        ),
        meta: builder.add_bytes_field("meta", BytesOptions::default().set_stored()),
    };
    (builder.build(), fields)
}

pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::Zstd(ZstdCompressor {
            compression_level: Some(3),
        }),
        ..IndexSettings::default()
    }
}

pub(super) fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(TOKENIZER, TextAnalyzer::from(CodeTokenizer::default()));
    manager
}

/// Session, role and failure in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head(pub u64);

impl Head {
    pub fn new(sid: u32, role: u8, failed: bool) -> Head {
        Head(u64::from(sid) << 4 | u64::from(role) << 1 | u64::from(failed))
    }
    pub fn sid(self) -> u32 {
        (self.0 >> 4) as u32
    }
    pub fn role(self) -> usize {
        (self.0 >> 1 & 7) as usize
    }
    pub fn failed(self) -> bool {
        self.0 & 1 == 1
    }
}

//! From a folder to an index, and what can be wrong with one.

use super::earlier;
use super::entry::{Entry, InFlight};
use super::handle::{SearchIndex, Writer};
use super::rows::RowCache;
use super::schema::{Fields, schema, settings, tokenizers};
use super::stored::Store;
use super::{INDEX_VERSION, IndexOptions, OpenError, Opened};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{DocAddress, Index, IndexReader, IndexWriter, ReloadPolicy, TantivyError};

/// Names the version of schema and tokenizer beside tantivy's own files.
pub(super) const VERSION_FILE: &str = "version";
const META_FILE: &str = "meta.json";
/// A writer thread cannot do with less.
const MIN_HEAP: usize = 16 << 20;
/// Decompressed blocks kept per segment; a session's documents are neighbours, so few are enough.
const STORE_BLOCKS: usize = 4;

/// An index of another version, or a damaged one, becomes the earlier one as far as anything can be
/// taken from it, and a new one is begun; the error is left for those of which nothing can.
pub(super) fn open(dir: &Path, options: &IndexOptions) -> Result<Opened, OpenError> {
    let opened = match open_alone(dir, options) {
        Err(error @ (OpenError::Damaged(_) | OpenError::OtherVersion { .. })) => {
            if !earlier::set_back(dir)? {
                return Err(error);
            }
            tracing::warn!("{error}; it is kept until a new one is complete");
            open_alone(dir, options)?
        }
        opened => opened?,
    };
    let before = earlier::find(dir)?.map(Arc::new);
    *opened.index.earlier.write().expect("nobody else has it") = before;
    Ok(opened)
}

fn open_alone(dir: &Path, options: &IndexOptions) -> Result<Opened, OpenError> {
    std::fs::create_dir_all(dir)?;
    check_version(dir)?;
    // tantivy panics on some damage that it could have reported
    let opened = catch_unwind(AssertUnwindSafe(|| open_checked(dir, options)));
    opened.unwrap_or_else(|_| Err(OpenError::Damaged("it cannot be read".to_owned())))
}

fn check_version(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join(VERSION_FILE);
    let has_index = dir.join(META_FILE).exists();
    match std::fs::read_to_string(&path) {
        Ok(found) if found.trim() == INDEX_VERSION => {}
        Ok(found) => {
            let found = found.trim().chars().take(32).collect();
            return Err(OpenError::OtherVersion { found });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if has_index {
                let found = "none".to_owned();
                return Err(OpenError::OtherVersion { found });
            }
            // whole or not at all: a kill here must not look like another version
            let temporary = dir.join("version.new");
            std::fs::write(&temporary, INDEX_VERSION)?;
            std::fs::rename(&temporary, &path)?;
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(OpenError::Damaged("its version is not text".to_owned()));
        }
        Err(error) => return Err(error.into()),
    }
    if !has_index && has_segment_files(dir)? {
        return Err(OpenError::Damaged(format!("{META_FILE} is missing")));
    }
    Ok(())
}

fn open_checked(dir: &Path, options: &IndexOptions) -> Result<Opened, OpenError> {
    let (schema, fields) = schema();
    let directory = MmapDirectory::open(dir).map_err(|e| classify(e.into()))?;
    let index = Index::builder()
        .schema(schema)
        .settings(settings())
        .tokenizers(tokenizers())
        .open_or_create(directory)
        .map_err(classify)?;
    let payload = index.load_metas().map_err(classify)?.payload;
    let writer = writer(&index, options).map_err(classify)?;
    let reader = reader(&index).map_err(classify)?;
    probe(&reader, fields).map_err(classify)?;
    let index = SearchIndex {
        dir: dir.to_owned(),
        index,
        fields,
        reader,
        writer: Mutex::new(Writer::Open(Box::new(writer))),
        account: Arc::new(InFlight::default()),
        options: *options,
        rows: RowCache::default(),
        earlier: RwLock::default(),
    };
    Ok(Opened { index, payload })
}

pub(super) fn writer(index: &Index, options: &IndexOptions) -> tantivy::Result<IndexWriter<Entry>> {
    let threads = options.threads.clamp(1, 8);
    let writer = index.writer_with_options(
        IndexWriterOptions::builder()
            .num_worker_threads(threads)
            .memory_budget_per_thread((options.heap_bytes / threads).max(MIN_HEAP))
            .num_merge_threads(1)
            .build(),
    )?;
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(8);
    policy.set_del_docs_ratio_before_merge(0.25);
    writer.set_merge_policy(Box::new(policy));
    Ok(writer)
}

pub(super) fn reader(index: &Index) -> tantivy::Result<IndexReader> {
    index
        .reader_builder()
        .reload_policy(ReloadPolicy::Manual)
        .doc_store_cache_num_blocks(STORE_BLOCKS)
        .try_into()
}

/// Touches every kind of file of every segment: a cut one shows here and not in the first search.
pub(super) fn probe(reader: &IndexReader, fields: Fields) -> tantivy::Result<()> {
    let searcher = reader.searcher();
    let mut store = Store::new(&searcher, fields);
    for (ord, segment) in searcher.segment_readers().iter().enumerate() {
        for field in [fields.text, fields.file, fields.sid, fields.role] {
            segment.inverted_index(field)?.terms().stream()?.advance();
        }
        segment.fieldnorms_readers().get_field(fields.text)?;
        if segment.max_doc() > 0 {
            store.message(DocAddress::new(ord as u32, segment.max_doc() - 1))?;
        }
    }
    Ok(())
}

fn classify(error: TantivyError) -> OpenError {
    match error {
        TantivyError::LockFailure(LockError::LockBusy, _) => OpenError::Locked,
        TantivyError::LockFailure(LockError::IoError(e), _) => OpenError::Io(copy(&e)),
        TantivyError::IoError(e)
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: e, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error: e, .. })
            if !looks_damaged(&e) =>
        {
            OpenError::Io(copy(&e))
        }
        other => OpenError::Damaged(other.to_string()),
    }
}

fn looks_damaged(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(
        error.kind(),
        InvalidData | InvalidInput | Other | UnexpectedEof
    )
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

/// Endings of the files of a segment.
const SEGMENT_FILES: [&str; 7] = ["idx", "pos", "term", "store", "fast", "fieldnorm", "del"];

fn has_segment_files(dir: &Path) -> io::Result<bool> {
    for file in std::fs::read_dir(dir)? {
        let path = file?.path();
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        if SEGMENT_FILES.contains(&ending) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All files of the folder. One that a merge removes meanwhile does not count.
pub(super) fn bytes(dir: &Path) -> io::Result<u64> {
    let files = std::fs::read_dir(dir)?.flatten();
    let sizes = files.filter_map(|f| f.metadata().ok()).map(|m| m.len());
    Ok(sizes.sum())
}

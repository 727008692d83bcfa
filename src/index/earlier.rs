//! The index of before: one of another version, or a damaged one.
//!
//! It is set back to a folder beside the new one, by one rename, and stays there until the new one is
//! complete. Meanwhile it answers searches, when it has today's fields and nothing of it is damaged;
//! and it gives up the documents that no source holds any more. Those are read from its document store
//! and its columns alone, so that a broken dictionary costs nothing but the searching.
//!
//! What must stay readable over versions for that: the columns `head`, `seq`, `ts` and `model`, and the
//! stored fields `text` and `meta` in this order.

use super::entry::{Kept, role_of};
use super::open::{self, VERSION_FILE};
use super::rows::RowCache;
use super::schema::{Fields, Head, NONE, schema, tokenizers};
use super::{Document, SearchRequest, SearchResponse, Sid, Within, search};
use anyhow::{Context, Result};
use std::collections::{HashMap, HashSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tantivy::columnar::{Column, ColumnarReader, DynamicColumn, StrColumn};
use tantivy::directory::MmapDirectory;
use tantivy::fastfield::AliveBitSet;
use tantivy::index::{Segment, SegmentComponent};
use tantivy::store::StoreReader;
use tantivy::{DocId, Index, IndexReader, Searcher};

pub(super) struct Earlier {
    index: Index,
    fields: Fields,
    pub version: String,
    /// Of its last commit.
    pub payload: Option<String>,
    /// It has today's fields, and still it does not open whole.
    pub damaged: bool,
    reader: Option<IndexReader>,
    rows: RowCache,
    admitted: AtomicBool,
}

impl Earlier {
    /// `None`: not even the list of its segments can be read.
    pub fn open(dir: &Path) -> Option<Earlier> {
        let opened = catch_unwind(AssertUnwindSafe(|| Earlier::open_checked(dir)));
        match opened {
            Ok(Ok(earlier)) => Some(earlier),
            Ok(Err(error)) => {
                tracing::warn!("nothing can be taken from {}: {error}", dir.display());
                None
            }
            Err(_) => None,
        }
    }

    fn open_checked(dir: &Path) -> tantivy::Result<Earlier> {
        let mut index = Index::open(MmapDirectory::open(dir)?)?;
        index.set_tokenizers(tokenizers());
        let (today, fields) = schema();
        let same = index.schema() == today;
        let whole = || -> tantivy::Result<IndexReader> {
            let reader = open::reader(&index)?;
            open::probe(&reader, fields)?;
            Ok(reader)
        };
        let reader = match same.then(|| catch_unwind(AssertUnwindSafe(whole))) {
            Some(Ok(Ok(reader))) => Some(reader),
            _ => None,
        };
        let version = std::fs::read_to_string(dir.join(VERSION_FILE)).unwrap_or_default();
        Ok(Earlier {
            payload: index.load_metas()?.payload,
            version: version.trim().chars().take(32).collect(),
            damaged: same && reader.is_none(),
            reader,
            fields,
            index,
            rows: RowCache::default(),
            admitted: AtomicBool::new(false),
        })
    }

    /// From now on it answers, if it can.
    pub fn admit(&self) {
        self.admitted.store(true, Ordering::Release);
    }

    /// `None` when it does not answer searches.
    pub fn searcher(&self) -> Option<Searcher> {
        let reader = self.reader.as_ref();
        let reader = reader.filter(|_| self.admitted.load(Ordering::Acquire))?;
        Some(reader.searcher())
    }

    pub fn search(&self, request: &SearchRequest) -> Option<tantivy::Result<SearchResponse>> {
        let searcher = self.searcher()?;
        Some(search::search(&searcher, self.fields, &self.rows, request))
    }

    pub fn within(&self, request: &SearchRequest) -> Option<tantivy::Result<Within>> {
        let searcher = self.searcher()?;
        Some(search::within(&searcher, self.fields, &self.rows, request))
    }

    /// Where the documents of these sessions lie.
    pub fn census(&self, wanted: &HashSet<u32>) -> Result<Census> {
        let mut census = Census::default();
        for segment in self.index.searchable_segments()? {
            let documents = u64::from(segment.meta().num_docs());
            let read = || -> Result<(Piece, Vec<Place>)> {
                let piece = Piece::open(&segment)?;
                let places = piece.places(wanted);
                Ok((piece, places))
            };
            match catch_unwind(AssertUnwindSafe(read)) {
                Ok(Ok((piece, places))) => {
                    let number = census.pieces.len();
                    census.pieces.push(piece);
                    for (sid, seq, doc) in places {
                        let list = census.places.entry(sid).or_default();
                        list.push((seq, number, doc));
                    }
                }
                refused => {
                    let why = match refused {
                        Ok(Err(error)) => format!("{error:#}"),
                        _ => "it cannot be read".to_owned(),
                    };
                    tracing::warn!("a part of the earlier index is lost: {why}");
                    census.unreadable += documents;
                }
            }
        }
        census.places.values_mut().for_each(|list| list.sort());
        Ok(census)
    }
}

/// Session, ordinal, document.
type Place = (u32, u32, DocId);

#[derive(Default)]
pub(super) struct Census {
    pieces: Vec<Piece>,
    /// By session: ordinal, piece, document; in order.
    pub places: HashMap<u32, Vec<(u32, usize, DocId)>>,
    /// Documents of pieces that cannot be read, of whatever session.
    pub unreadable: u64,
}

impl Census {
    /// `None`: this one document is damaged.
    pub fn document(&self, (_, piece, doc): (u32, usize, DocId)) -> Option<Document> {
        let read = || self.pieces[piece].document(doc);
        catch_unwind(AssertUnwindSafe(read)).ok()?.ok()
    }
}

/// Store and columns of one segment.
struct Piece {
    /// `None`: damaged; then at least it can be told what is lost.
    store: Option<StoreReader>,
    alive: Option<AliveBitSet>,
    documents: DocId,
    head: Column<u64>,
    seq: Column<u64>,
    ts: Option<Column<i64>>,
    model: Option<StrColumn>,
}

impl Piece {
    fn open(segment: &Segment) -> Result<Piece> {
        let columns = ColumnarReader::open(segment.open_read(SegmentComponent::FastFields)?)?;
        let column = |name: &str| -> io::Result<Option<DynamicColumn>> {
            let handles = columns.read_columns(name)?;
            handles.first().map(|handle| handle.open()).transpose()
        };
        let number = |name: &str| match column(name)? {
            Some(DynamicColumn::U64(column)) => Ok(column),
            _ => Err(anyhow::anyhow!("it has no column {name}")),
        };
        let alive = if segment.meta().has_deletes() {
            let bytes = segment.open_read(SegmentComponent::Delete)?.read_bytes()?;
            Some(AliveBitSet::open(bytes))
        } else {
            None
        };
        Ok(Piece {
            head: number("head")?,
            seq: number("seq")?,
            ts: match column("ts")? {
                Some(DynamicColumn::I64(column)) => Some(column),
                _ => None,
            },
            model: match column("model")? {
                Some(DynamicColumn::Str(column)) => Some(column),
                _ => None,
            },
            store: store(segment),
            alive,
            documents: segment.meta().max_doc(),
        })
    }

    fn places(&self, wanted: &HashSet<u32>) -> Vec<Place> {
        let alive = |doc: &DocId| self.alive.as_ref().is_none_or(|alive| alive.is_alive(*doc));
        let docs = (0..self.documents).filter(alive);
        docs.filter_map(|doc| {
            let sid = Head(self.head.first(doc)?).sid();
            let seq = self.seq.first(doc)? as u32;
            wanted.contains(&sid).then_some((sid, seq, doc))
        })
        .collect()
    }

    fn document(&self, doc: DocId) -> Result<Document> {
        let head = Head(self.head.first(doc).context("it has no head")?);
        let store = self.store.as_ref().context("its text is damaged")?;
        let kept: Kept = store.get(doc)?;
        let mut model = String::new();
        if let Some(column) = &self.model
            && let Some(ord) = column.ords().first(doc)
        {
            column.ord_to_str(ord, &mut model)?;
        }
        if model == NONE {
            model.clear();
        }
        Ok(Document {
            sid: Sid(head.sid()),
            seq: self.seq.first(doc).unwrap_or(0) as u32,
            role: role_of(head.role()),
            at: self.ts.as_ref().and_then(|column| column.first(doc)),
            model,
            text: kept.text,
            meta: kept.meta,
        })
    }
}

fn store(segment: &Segment) -> Option<StoreReader> {
    let open = || {
        let file = segment.open_read(SegmentComponent::Store).ok()?;
        StoreReader::open(file, 4).ok()
    };
    catch_unwind(AssertUnwindSafe(open)).ok()?
}

/// `index-earlier` beside `index`.
pub(super) fn folder(dir: &Path) -> PathBuf {
    beside(dir, "-earlier")
}

fn beside(dir: &Path, ending: &str) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    dir.with_file_name(format!("{name}{ending}"))
}

/// Makes the index in `dir` the earlier one and `dir` an empty folder. `false`: there is an earlier one
/// already, which knows more, or nothing can be taken from this one; then nothing was done.
pub(super) fn set_back(dir: &Path) -> io::Result<bool> {
    let to = folder(dir);
    if to.exists() || Earlier::open(dir).is_none() {
        return Ok(false);
    }
    std::fs::rename(dir, &to)?;
    std::fs::create_dir_all(dir)?;
    Ok(true)
}

/// The earlier index of `dir`, if there is one. One that cannot be read at all is moved aside.
pub(super) fn find(dir: &Path) -> io::Result<Option<Earlier>> {
    sweep(dir);
    let there = folder(dir);
    if !there.exists() {
        return Ok(None);
    }
    match Earlier::open(&there) {
        Some(earlier) => Ok(Some(earlier)),
        None => set_aside(dir).map(|_| None),
    }
}

/// Keeps the earlier index under a name that nothing reads.
pub(super) fn set_aside(dir: &Path) -> io::Result<PathBuf> {
    let free = (1..)
        .map(|n| beside(dir, &format!(".aside-earlier-{n}")))
        .find(|path| !path.exists())
        .expect("one of all numbers is free");
    std::fs::rename(folder(dir), &free)?;
    tracing::warn!("the earlier index was moved to {}", free.display());
    Ok(free)
}

/// Removes the earlier index. It gets another name first: half a folder must not be taken for one.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    sweep(dir);
    std::fs::rename(folder(dir), beside(dir, "-done"))?;
    sweep(dir);
    Ok(())
}

fn sweep(dir: &Path) {
    let done = beside(dir, "-done");
    if done.exists()
        && let Err(error) = std::fs::remove_dir_all(&done)
    {
        tracing::warn!("{} cannot be removed: {error}", done.display());
    }
}

//! Makes the large generated history below `target/corpus/` and says what it holds.
//!
//! `cargo bench --bench corpus` (4,873 sessions, 1.1 GB; `-- --scale 0.01` for a hundredth of it).
//! The other benches call the same code, so running this first only warms the cache.

mod made;

fn main() -> anyhow::Result<()> {
    let corpus = made::corpus(made::scale_argument()?)?;
    println!("{}: {}", corpus.home.display(), corpus.describe());
    Ok(())
}

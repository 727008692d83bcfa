//! The settings of a running server: they follow `config.toml`, whoever writes it.
//!
//! Everybody takes the configuration anew when they begin something, so that what is under way ends
//! with the settings that it began with. A file that is not allowed is told ([`Live::trouble`]) and the
//! settings before it hold.

use super::change::{self, Change};
use super::file::{self, Wrong};
use super::{Config, system};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::SystemTime;

pub struct Live {
    current: RwLock<Arc<Config>>,
    version: AtomicU64,
    /// Held by whoever reads or writes the file.
    file: Mutex<Seen>,
    told: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

/// The file as it was read last.
struct Seen {
    stamp: Option<Stamp>,
    trouble: Option<String>,
}

type Stamp = (Option<SystemTime>, u64, u64);

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What was asked for is not allowed.
    #[error("{0}")]
    Wrong(Wrong),
    #[error("{0:#}")]
    Disk(anyhow::Error),
}

impl Live {
    pub fn new(config: Arc<Config>) -> Live {
        let stamp = stamp(&config);
        Live {
            current: RwLock::new(config),
            version: AtomicU64::new(1),
            file: Mutex::new(Seen {
                stamp,
                trouble: None,
            }),
            told: Mutex::default(),
        }
    }

    /// The settings as they are now.
    pub fn get(&self) -> Arc<Config> {
        self.current.read().expect("no panic while held").clone()
    }

    /// Grows whenever they become others.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Why the file as it is now is not followed.
    pub fn trouble(&self) -> Option<String> {
        self.seen().trouble.clone()
    }

    /// Has `listener` called after every change, on the thread that made or found it.
    pub fn on_change(&self, listener: impl Fn() + Send + Sync + 'static) {
        let mut told = self.told.lock().expect("no panic while held");
        told.push(Box::new(listener));
    }

    /// Reads the file again if somebody has written it: one look at its name costs microseconds.
    pub fn look(&self) {
        let mut seen = self.seen();
        let now = stamp(&self.get());
        if now == seen.stamp {
            return;
        }
        let changed = self.follow(&mut seen, now);
        drop(seen);
        if changed {
            self.tell();
        }
    }

    /// Changes the file, and with it the settings. What others wrote meanwhile stays.
    ///
    /// # Errors
    /// [`Refused`]; then nothing has changed.
    pub fn change(&self, changes: &[Change]) -> Result<(), Refused> {
        let mut seen = self.seen();
        let config = self.get();
        let path = config.file();
        let text = file::text(&path).map_err(Refused::Disk)?;
        let new = change::apply(&text, changes).map_err(Refused::Wrong)?;
        self.check_roots(&config, changes)?;
        if new != text {
            system::replace(&path, &new).map_err(|error| {
                let error = anyhow::Error::new(error);
                Refused::Disk(error.context(format!("cannot write {}", path.display())))
            })?;
        }
        let changed = self.follow(&mut seen, stamp(&config));
        drop(seen);
        if changed {
            self.tell();
        }
        Ok(())
    }

    /// A folder that is not there is a slip of the pen; in the file it may be on a disk that is not
    /// mounted today.
    fn check_roots(&self, config: &Config, changes: &[Change]) -> Result<(), Refused> {
        for change in changes {
            let Change::AddRoot(path, _) = change else {
                continue;
            };
            let folder = super::homes::expand(path, &config.start.around);
            if !folder.is_dir() {
                return Err(Refused::Wrong(Wrong {
                    key: "roots".into(),
                    text: format!("there is no folder {}", folder.display()),
                }));
            }
        }
        Ok(())
    }

    /// Takes over what the file says now; true when that is something else.
    fn follow(&self, seen: &mut Seen, now: Option<Stamp>) -> bool {
        seen.stamp = now;
        match self.get().again() {
            Ok(next) => {
                seen.trouble = None;
                let mut current = self.current.write().expect("no panic while held");
                if next.saved == current.saved {
                    return false;
                }
                *current = Arc::new(next);
                self.version.fetch_add(1, Ordering::AcqRel);
                true
            }
            Err(error) => {
                tracing::warn!("the settings are not followed: {error:#}");
                seen.trouble = Some(format!("{error:#}"));
                false
            }
        }
    }

    fn tell(&self) {
        for listener in self.told.lock().expect("no panic while held").iter() {
            listener();
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.file.lock().expect("no panic while held")
    }
}

fn stamp(config: &Config) -> Option<Stamp> {
    let meta = std::fs::metadata(config.file()).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let inode = 0;
    Some((meta.modified().ok(), meta.len(), inode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting;
    use std::sync::atomic::AtomicUsize;

    fn live(text: &str) -> (tempfile::TempDir, Live) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.toml"), text).unwrap();
        let config = Config::for_home(dir.path(), dir.path());
        let config = config.again().unwrap();
        (dir, Live::new(Arc::new(config)))
    }

    fn zone(name: &str) -> [Change; 1] {
        [Change::set(&["zone"], Setting::Text(name.into()))]
    }

    #[test]
    fn a_change_is_written_followed_and_told() {
        let (dir, live) = live("# mine\nzone = 'UTC'\n");
        let told = Arc::new(AtomicUsize::new(0));
        live.on_change({
            let told = told.clone();
            move || {
                told.fetch_add(1, Ordering::Relaxed);
            }
        });
        live.change(&zone("Asia/Tokyo")).unwrap();
        assert_eq!(live.get().zone_name, "Asia/Tokyo");
        live.change(&zone("Asia/Tokyo")).unwrap();
        assert_eq!(
            told.load(Ordering::Relaxed),
            1,
            "the same again is no change"
        );
        let text = std::fs::read_to_string(dir.path().join("config.toml")).unwrap();
        assert_eq!(text, "# mine\nzone = \"Asia/Tokyo\"\n");
        let beside = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(beside, 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let meta = std::fs::metadata(dir.path().join("config.toml")).unwrap();
            assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let (dir, live) = live("zone = 'UTC'\n");
        let version = live.version();
        let refused = live.change(&zone("Mars/X")).unwrap_err();
        assert!(matches!(refused, Refused::Wrong(wrong) if wrong.key == "zone"));
        let nowhere = [Change::AddRoot("/nowhere/at/all".into(), None)];
        assert!(live.change(&nowhere).is_err());
        let text = std::fs::read_to_string(dir.path().join("config.toml")).unwrap();
        assert_eq!((text.as_str(), live.version()), ("zone = 'UTC'\n", version));
    }

    #[test]
    fn what_others_write_is_noticed_and_kept() {
        let (dir, live) = live("zone = 'UTC'\n");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "zone = 'UTC'\ntheme = 'dark'\n").unwrap();
        live.change(&zone("Asia/Tokyo")).unwrap();
        assert_eq!(live.get().theme, "dark", "written before our change");
        std::fs::write(&path, "zone = 'Europe/Berlin'\n").unwrap();
        live.look();
        assert_eq!(live.get().zone_name, "Europe/Berlin");
        std::fs::write(&path, "zone = 'Europe/Berlin\n").unwrap();
        live.look();
        assert!(live.trouble().unwrap().contains("line 1"));
        assert_eq!(live.get().zone_name, "Europe/Berlin", "the old ones hold");
        assert!(
            live.change(&zone("UTC")).is_err(),
            "nothing is written over"
        );
        std::fs::remove_file(&path).unwrap();
        live.look();
        assert_eq!(live.trouble(), None);
        assert_eq!(live.get().zone_name, "UTC");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one() {
        let (dir, live) = live("");
        let (path, own) = (
            dir.path().join("config.toml"),
            dir.path().join("dotfiles.toml"),
        );
        std::fs::rename(&path, &own).unwrap();
        std::os::unix::fs::symlink(&own, &path).unwrap();
        live.change(&zone("Asia/Tokyo")).unwrap();
        assert!(std::fs::symlink_metadata(&path).unwrap().is_symlink());
        assert!(std::fs::read_to_string(&own).unwrap().contains("Tokyo"));
    }
}
